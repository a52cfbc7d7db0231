"""`cloudmend scan`: what is at fault, as a table, a page, JSON, CSV or SARIF."""
