using System.Buffers.Binary;
using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>Fills a span with the fixed binary layouts of docs/SPEC.md. The caller provides exactly enough room.</summary>
public ref struct BigEndianWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private int _at;

    /// <summary>Bytes written so far.</summary>
    public readonly int Written => _at;

    /// <summary>Writes one byte.</summary>
    public void U8(byte value) => _destination[_at++] = value;

    /// <summary>Writes two bytes, most significant first.</summary>
    public void U16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_destination[_at..], checked((ushort)value));
        _at += 2;
    }

    /// <summary>Writes four bytes, most significant first.</summary>
    public void U32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_destination[_at..], value);
        _at += 4;
    }

    /// <summary>Writes eight bytes, most significant first.</summary>
    public void U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_destination[_at..], value);
        _at += 8;
    }

    /// <summary>Writes 32 bytes.</summary>
    public void Digest(scoped in Digest value) => Bytes(value.Span);

    /// <summary>Writes the bytes as they are.</summary>
    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(_destination[_at..]);
        _at += value.Length;
    }
}

/// <summary>
/// Reads the fixed binary layouts of docs/SPEC.md from bytes that may be hostile: past the end every read gives zero
/// and <see cref="Failed"/> stays set, so a decoder reads all its fields and asks once.
/// </summary>
public ref struct BigEndianReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private int _at;

    /// <summary>A read went past the end.</summary>
    public bool Failed { get; private set; }

    /// <summary>All bytes were read, and none beyond.</summary>
    public readonly bool AtEnd => !Failed && _at == _source.Length;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _source.Length - _at;

    /// <summary>Reads one byte.</summary>
    public byte U8() => Take(1) is { Length: 1 } b ? b[0] : (byte)0;

    /// <summary>Reads two bytes.</summary>
    public ushort U16() => Take(2) is { Length: 2 } b ? BinaryPrimitives.ReadUInt16BigEndian(b) : (ushort)0;

    /// <summary>Reads four bytes.</summary>
    public uint U32() => Take(4) is { Length: 4 } b ? BinaryPrimitives.ReadUInt32BigEndian(b) : 0;

    /// <summary>Reads eight bytes.</summary>
    public ulong U64() => Take(8) is { Length: 8 } b ? BinaryPrimitives.ReadUInt64BigEndian(b) : 0;

    /// <summary>Reads 32 bytes.</summary>
    public Digest Digest() => Take(32) is { Length: 32 } b ? new Digest(b) : default;

    /// <summary>Reads <paramref name="count"/> bytes; empty past the end or for a negative count.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || count < 0 || count > Remaining)
        {
            Failed = true;
            return default;
        }
        ReadOnlySpan<byte> taken = _source.Slice(_at, count);
        _at += count;
        return taken;
    }
}
