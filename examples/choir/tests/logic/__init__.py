"""Tests of custom logic. Yours."""
