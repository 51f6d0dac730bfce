"""The strategies a desk trades: one file each, and nothing else to change when one is added.

A file's name is its strategy's name. It defines one object, `strategy`, of a class derived from
patang.strategies.base.Strategy; the registry finds it here.
"""
