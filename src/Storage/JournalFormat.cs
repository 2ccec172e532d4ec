using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Storage;

/// <summary>What a reading of the whole file gave.</summary>
internal sealed record JournalScan(
    JournalCondition Condition,
    List<JournalRecord> Records,
    List<(ulong FirstIndex, long Offset)> Groups,
    long ValidLength,
    ulong NextIndex,
    ulong Salt);

/// <summary>
/// The journal's bytes (docs/SPEC.md, "Vote journal").
/// Header: magic[8] | version u16 | chain id[32] | first index u64 | salt u64 | XXH64 u64 of all before.
/// Group: body length u32 | count u32 | first index u64 | XXH64 u64 of the rest | body.
/// Body: count x (length u32 | payload).
/// The salt is random per file and seeds the groups' checksums: what others put into a payload never reads as a group.
/// </summary>
internal static class JournalFormat
{
    public const int HeaderSize = 8 + 2 + 32 + 8 + 8 + 8;
    public const int GroupPrefixSize = 4 + 4 + 8 + 8;
    public const int RecordPrefixSize = 4;

    /// <summary>A group holds at least one record of any allowed length.</summary>
    public const int GroupBytesMax = GroupPrefixSize + RecordPrefixSize + VoteJournal.RecordBytesMax;

    private const ushort FormatVersion = 1;
    private const int ChecksumOffset = 16;

    private static ReadOnlySpan<byte> Magic => "GOVCVOTE"u8;

    public static byte[] Header(Digest chainId, ulong firstIndex, ulong salt)
    {
        byte[] header = new byte[HeaderSize];
        var w = new BigEndianWriter(header);
        w.Bytes(Magic);
        w.U16(FormatVersion);
        w.Digest(chainId);
        w.U64(firstIndex);
        w.U64(salt);
        w.U64(XxHash64.HashToUInt64(header.AsSpan(0, w.Written)));
        return header;
    }

    /// <summary>Fills in the prefix of a staged group; gives the array that holds it.</summary>
    public static byte[] Seal(ArrayBufferWriter<byte> staged, ulong firstIndex, uint count, ulong salt)
    {
        if (!MemoryMarshal.TryGetArray(staged.WrittenMemory, out ArraySegment<byte> group) || group.Offset != 0)
            throw new InvalidOperationException("The staging buffer is not an array.");
        var w = new BigEndianWriter(group);
        w.U32((uint)(group.Count - GroupPrefixSize));
        w.U32(count);
        w.U64(firstIndex);
        w.U64(Checksum(group, salt));
        return group.Array!;
    }

    /// <summary>
    /// Reads the file. Bytes that are no group are a torn tail if no later group can be read: each group is synced
    /// before the next is written, so a readable one behind the gap means that durable bytes were lost.
    /// </summary>
    public static JournalScan Scan(string path, byte[] file, Digest chainId)
    {
        var records = new List<JournalRecord>();
        var groups = new List<(ulong, long)>();
        if (!TryReadHeader(path, file, chainId, out ulong next, out ulong salt))
            return new JournalScan(JournalCondition.DamagedInterior, records, groups, 0, 0, 0);
        int at = HeaderSize;
        while (at < file.Length)
        {
            if (!TryReadGroup(file, at, next, exact: true, salt, out int size, records))
            {
                JournalCondition condition = HoldsLaterGroup(file, at + 1, next, salt)
                    ? JournalCondition.DamagedInterior
                    : JournalCondition.TornTailTruncated;
                return new JournalScan(condition, records, groups, at, next, salt);
            }
            groups.Add((next, at));
            next = records[^1].Index + 1;
            at += size;
        }
        return new JournalScan(JournalCondition.Clean, records, groups, at, next, salt);
    }

    private static bool TryReadHeader(
        string path, ReadOnlySpan<byte> file, Digest chainId, out ulong firstIndex, out ulong salt)
    {
        var r = new BigEndianReader(file[..Math.Min(HeaderSize, file.Length)]);
        bool magic = r.Take(Magic.Length).SequenceEqual(Magic);
        ushort version = r.U16();
        Digest found = r.Digest();
        firstIndex = r.U64();
        salt = r.U64();
        // Every later version keeps this header, so the checksum is asked before the version.
        if (r.U64() != XxHash64.HashToUInt64(file[..Math.Min(HeaderSize - 8, file.Length)]) || !r.AtEnd || !magic
            || firstIndex == 0)
            return false;
        if (version != FormatVersion)
        {
            throw new StorageException(StorageError.NewerFormat, path,
                $"The vote journal has format {version}; this program knows format {FormatVersion}.",
                "Run the newer program that wrote it.");
        }
        if (found != chainId)
        {
            throw new StorageException(StorageError.ForeignChain, path,
                $"The vote journal is of the ledger {found}, the directory of {chainId}.",
                "Restore the directory whole, from one backup.");
        }
        return true;
    }

    /// <summary>A group at <paramref name="at"/> whose first index is, or is above, <paramref name="index"/>.</summary>
    private static bool TryReadGroup(
        byte[] file, int at, ulong index, bool exact, ulong salt, out int size, List<JournalRecord>? records)
    {
        size = 0;
        var r = new BigEndianReader(file.AsSpan(at));
        uint length = r.U32();
        uint count = r.U32();
        ulong first = r.U64();
        ulong checksum = r.U64();
        // Checked before hashing: random bytes hardly ever pass, which keeps the search for later groups linear.
        if (r.Failed || length > GroupBytesMax - GroupPrefixSize || length > r.Remaining || count == 0
            || count > length / RecordPrefixSize || first < index || (exact && first != index)
            || first - index > (ulong)file.Length)
            return false;
        size = GroupPrefixSize + (int)length;
        if (Checksum(file.AsSpan(at, size), salt) != checksum)
            return false;
        // The checksum vouches for the lengths from here on: a slice that does not fit is a programmer's error.
        for (int body = at + GroupPrefixSize, i = 0; i < count && records is not null; i++)
        {
            int bytes = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(body));
            body += RecordPrefixSize;
            records.Add(new JournalRecord(first + (ulong)i, file.AsMemory(body, bytes)));
            body += bytes;
        }
        return true;
    }

    private static bool HoldsLaterGroup(byte[] file, int from, ulong above, ulong salt)
    {
        for (int at = from; at <= file.Length - GroupPrefixSize; at++)
        {
            if (TryReadGroup(file, at, above, exact: false, salt, out _, null))
                return true;
        }
        return false;
    }

    private static ulong Checksum(ReadOnlySpan<byte> group, ulong salt)
    {
        var hash = new XxHash64((long)salt);
        hash.Append(group[..ChecksumOffset]);
        hash.Append(group[GroupPrefixSize..]);
        return hash.GetCurrentHashAsUInt64();
    }
}
