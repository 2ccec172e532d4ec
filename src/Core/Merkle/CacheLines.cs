using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace GovChain.Core.Merkle;

/// <summary>Memory that is soon read, asked for while something else is done. Changes nothing but the time.</summary>
internal static class CacheLines
{
    private const int LineBytes = 64;

    /// <summary>Asks for all of these bytes.</summary>
    public static unsafe void Prefetch(ReadOnlySpan<byte> bytes)
    {
        if (!Sse.IsSupported)
            return;
        // Should the collector move the bytes in between, another place is fetched in vain.
        byte* first = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
        for (int at = 0; at < bytes.Length; at += LineBytes)
            Sse.Prefetch0(first + at);
    }
}
