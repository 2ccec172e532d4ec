using System.Buffers.Binary;
using GovChain.Core.Model;

namespace GovChain.Storage;

/// <summary>The column families (docs/SPEC.md, "Ledger"). The names are on disk: frozen.</summary>
internal enum LedgerColumn
{
    /// <summary>"format", "chain", and "gap" while there is one. RocksDB's default family.</summary>
    Meta,

    /// <summary>Height -> header | certificate.</summary>
    Blocks,

    /// <summary>First position of a block -> height.</summary>
    Starts,

    /// <summary>Position -> leaf.</summary>
    Entries,

    /// <summary>Transaction id -> height | position.</summary>
    Transactions,

    /// <summary>Level | index -> hashes.</summary>
    Tiles,

    /// <summary>State key -> value.</summary>
    State,

    /// <summary>Depth | prefix -> encoded page.</summary>
    Pages,

    /// <summary>State key of a record | 0x00 | version -> position.</summary>
    History,
}

/// <summary>The keys. Integers are big-endian, so that iteration is in their order.</summary>
internal static class LedgerKey
{
    public const int VersionSuffixSize = 1 + sizeof(ulong);

    public static ReadOnlySpan<byte> Format => "format"u8;

    public static ReadOnlySpan<byte> Chain => "chain"u8;

    public static ReadOnlySpan<byte> Gap => "gap"u8;

    public static byte[] Number(ulong value)
    {
        byte[] key = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(key, value);
        return key;
    }

    public static ulong ReadNumber(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64BigEndian(bytes);

    public static byte[] Pair(ulong first, ulong second)
    {
        byte[] value = new byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(value, first);
        BinaryPrimitives.WriteUInt64BigEndian(value.AsSpan(sizeof(ulong)), second);
        return value;
    }

    public static byte[] Tile(byte level, ulong index)
    {
        byte[] key = new byte[1 + sizeof(ulong)];
        key[0] = level;
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(1), index);
        return key;
    }

    /// <summary>The zero byte, which no id contains, keeps one record's versions apart from another's whose id begins
    /// alike.</summary>
    public static byte[] History(StateKey record, ulong version)
    {
        byte[] key = new byte[record.Span.Length + VersionSuffixSize];
        record.Span.CopyTo(key);
        BinaryPrimitives.WriteUInt64BigEndian(key.AsSpan(record.Span.Length + 1), version);
        return key;
    }

    /// <summary>A key for people.</summary>
    public static string Describe(LedgerColumn column, ReadOnlySpan<byte> key) => column switch
    {
        LedgerColumn.Blocks or LedgerColumn.Starts or LedgerColumn.Entries when key.Length == sizeof(ulong) => $"{ReadNumber(key)}",
        LedgerColumn.Tiles when key.Length == 1 + sizeof(ulong) => $"{key[0]}/{ReadNumber(key[1..])}",
        LedgerColumn.Meta => System.Text.Encoding.ASCII.GetString(key),
        LedgerColumn.State when !key.IsEmpty => $"{new StateKey((StateKind)key[0], key[1..])}",
        LedgerColumn.History when key.Length > VersionSuffixSize =>
            $"{new StateKey((StateKind)key[0], key[1..^VersionSuffixSize])} {ReadNumber(key[^sizeof(ulong)..])}",
        _ => Convert.ToHexStringLower(key),
    };
}
