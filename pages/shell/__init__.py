"""What is around every screen: navigation frame and sidebar."""
