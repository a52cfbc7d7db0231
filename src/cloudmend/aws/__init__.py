"""The only way to AWS: every module that imports botocore is in this folder, and its errors end here."""
