"""The gates, and what they stand on: the real server, the reference beside it, and the people's scenarios."""
