"""The stacks of a stage, in the order they are deployed: data, trading, access, operations."""
