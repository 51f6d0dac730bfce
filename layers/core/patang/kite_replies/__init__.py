"""What Kite's REST API answers, as models: one module a subject of its documentation."""
