"""What numba does not say: a hint to the processor, and a promise not to write."""

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic


def prefetch(array: Any, index: Any) -> None:
    """Ask for the cache line of ``array[index]``; changes nothing, and without numba does nothing.

    The index may lie outside the array: a prefetch never faults.
    """


def read_only(array: Any) -> Any:
    """Return the same array as one that is not written to, as a market's are: what reads both is compiled once."""
    return array


if not config.DISABLE_JIT:  # type: ignore[attr-defined]

    @intrinsic
    def prefetch(typing_context, array, index):  # type: ignore[no-untyped-def]  # noqa: D103
        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
            hint = builder.module.declare_intrinsic(
                "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
            )
            reading, keep_in_all_caches, is_data = flag(0), flag(3), flag(1)
            address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
            builder.call(hint, [address, reading, keep_in_all_caches, is_data])
            return context.get_dummy_value()

        return types.void(array, index), generate

    @intrinsic
    def read_only(typing_context, array):  # type: ignore[no-untyped-def]  # noqa: D103
        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

        return array.copy(readonly=True)(array), generate
