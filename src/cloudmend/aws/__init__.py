"""The only door to AWS: everything that imports botocore is in this folder, and its errors end here."""
