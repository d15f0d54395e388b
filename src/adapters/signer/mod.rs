//! Signing with keys that are parsed once, on threads of their own.
