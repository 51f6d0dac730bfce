"""Labels, data sets, and models fitted to them."""
