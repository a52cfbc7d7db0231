"""The parts of a deployment that follow from the controls, as text: template.yaml's blocks and two tables of the build.

statements.py  statements of IAM policies, for each control
policies.py    managed policies that hold those statements, within AWS's limits
rules.py       which calls wake which control, event rules, permissions, and the operations that the archive keeps
blocks.py      the blocks by name, as YAML in the style of template.yaml
"""

from __future__ import annotations
