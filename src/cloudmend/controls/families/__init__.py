"""What several controls have in common. A family is a factory or a piece of arithmetic; its controls are rows."""
