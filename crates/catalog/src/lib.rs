//! Derived facts about sessions.
