"""The version of this package, for the user agent and the distribution."""

VERSION = "0.1.0"
