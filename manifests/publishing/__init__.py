"""What is published of Callpost besides the package: made here, checked in, held by a test."""
