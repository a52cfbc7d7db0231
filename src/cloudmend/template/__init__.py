"""The parts of a deployment that follow from the controls, as text: template.yaml's blocks and two tables of the build.

table.py       which calls wake which control, and the operations that the archive keeps
statements.py  statements of IAM policies, for each control
policies.py    managed policies that hold those statements, within AWS's limits
rules.py       event rules, permissions, and parameters
layout.py      values as YAML in the style of template.yaml
blocks.py      the blocks by name
"""

from __future__ import annotations
