"""`cloudmend policy`: a policy file, explained or refused before it is deployed."""
