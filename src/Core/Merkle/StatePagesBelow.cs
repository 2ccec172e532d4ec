using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Merkle;

/// <summary>
/// Pages that hang on one page which is kept (<see cref="StatePageCache"/>), as an update left them: the encoding, and the hashes
/// that were computed for it, so that the next one neither looks a page up nor checks it again. Not safe for several threads.
/// </summary>
internal sealed class StatePagesBelow
{
    /// <summary>What is kept on one page at most, in bytes: all of its 256 children where a tree has up to a million keys.</summary>
    public const int BytesMax = 640 * 1024;

    // An update goes through the places in order: who makes room in that order drops what comes next. Odd, so that all have their turn.
    private const int Stride = 97;

    private readonly KeptStatePage[] _pages = new KeptStatePage[StatePage.Edge];
    private int _bytes, _next; // whose turn it is to make room

    /// <summary>The page at a place of the bottom edge, where one is kept; until the next one is put there.</summary>
    public KeptStatePage At(int place) => _pages[place - StatePage.Edge];

    /// <summary>Keeps a page in the place of an older one; others make room for it in turn.</summary>
    /// <param name="place">At the bottom edge.</param>
    /// <param name="encoding">The page.</param>
    /// <param name="hashes">Of its leaves and inner nodes in the encoding's order, so the page's root first.</param>
    public void Put(int place, ReadOnlySpan<byte> encoding, ReadOnlySpan<Digest> hashes)
    {
        int index = place - StatePage.Edge, bytes = encoding.Length + hashes.Length * Digest.Size;
        byte[]? memory = _pages[index].Memory;
        if (memory is null || memory.Length < bytes)
        {
            Drop(index);
            int size = KeptStatePage.MemoryFor(bytes);
            while (_bytes + size > BytesMax && _bytes > 0)
            {
                Drop(_next);
                _next = (_next + Stride) % StatePage.Edge;
            }
            if (size > BytesMax)
                return;
            memory = new byte[size];
            _bytes += size;
        }
        _pages[index] = new KeptStatePage(memory, encoding, hashes);
    }

    private void Drop(int index)
    {
        _bytes -= _pages[index].Memory?.Length ?? 0;
        _pages[index] = default;
    }
}

/// <summary>A page that was checked once, or made here; nothing by default.</summary>
internal readonly struct KeptStatePage
{
    // A page that grows by a node or two finds room in its memory.
    private const int Step = 256;

    // Beside the memory, as that is in no cache of the processor's when they are asked for.
    private readonly int _encodingBytes, _hashes;

    /// <summary>Writes a page into memory that is long enough.</summary>
    public KeptStatePage(byte[] memory, ReadOnlySpan<byte> encoding, ReadOnlySpan<Digest> hashes)
    {
        (Memory, _encodingBytes, _hashes) = (memory, encoding.Length, hashes.Length);
        hashes.CopyTo(MemoryMarshal.Cast<byte, Digest>(memory.AsSpan()));
        encoding.CopyTo(memory.AsSpan(hashes.Length * Digest.Size));
    }

    /// <summary>Where it stands; null where there is none.</summary>
    public byte[]? Memory { get; }

    /// <summary>The page.</summary>
    public ReadOnlySpan<byte> Encoding => Memory.AsSpan(_hashes * Digest.Size, _encodingBytes);

    /// <summary>Hashes of its leaves and inner nodes in the encoding's order.</summary>
    public ReadOnlySpan<Digest> Hashes => MemoryMarshal.Cast<byte, Digest>(Memory.AsSpan(0, _hashes * Digest.Size));

    /// <summary>Bytes of memory for so many that are used.</summary>
    public static int MemoryFor(int bytes) => (bytes + Step - 1) / Step * Step;

    /// <summary>Asks for it to be brought near the processor.</summary>
    public void Prefetch() => CacheLines.Prefetch(MemoryMarshal.CreateReadOnlySpan(
        ref MemoryMarshal.GetArrayDataReference(Memory!), _encodingBytes + _hashes * Digest.Size));
}
