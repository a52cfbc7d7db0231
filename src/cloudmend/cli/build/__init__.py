"""`cloudmend build`: the function as it is deployed.

`function` fetches the locked wheels and puts cloudmend's own code beside them, `trim` removes what the function does
not use. Both run without any package beside Python's own, because `sam build` may have no other Python.
"""
