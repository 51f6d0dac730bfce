"""A stage in the owner's AWS account: its settings, what a deployment would change, and taking it down."""
