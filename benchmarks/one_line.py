"""The least a kernel can be: what its first call takes, every first call of a kernel takes."""

from numba import njit


@njit(cache=True, nogil=True)
def set_first(array):  # type: ignore[no-untyped-def]
    """Write one number."""
    array[0] = 1
