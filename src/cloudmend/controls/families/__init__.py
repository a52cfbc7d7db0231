"""The families of controls: a family is a factory or a piece of arithmetic, and its controls are rows."""
