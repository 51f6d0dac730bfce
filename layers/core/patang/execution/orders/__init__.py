"""Orders of people and assistants: their rules, prices, slices and baskets, on the way to the lane."""
