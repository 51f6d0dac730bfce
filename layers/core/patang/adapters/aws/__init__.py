"""The ports on AWS: boto3 and nothing but boto3."""
