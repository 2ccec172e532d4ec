using System.Buffers.Binary;
using System.Numerics;

namespace GovChain.Storage.Integrity;

/// <summary>A record that is not as it was written.</summary>
/// <param name="Number">Which, from 1.</param>
/// <param name="Offset">Where it begins, in bytes.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="IsTornEnd">The file ends within it.</param>
internal sealed record BadRecord(int Number, long Offset, string Problem, bool IsTornEnd);

/// <summary>
/// Reads RocksDB's log format, in which its write-ahead log and its manifest are kept, record by record: blocks of 32 KiB
/// that hold records of checksum, length, type and payload. RocksDB itself takes a bad record for a torn end in some
/// places and says nothing; here every byte of every record is asked for.
/// https://github.com/facebook/rocksdb/wiki/Write-Ahead-Log-File-Format
/// </summary>
internal static class RecordLog
{
    private const int BlockSize = 32 * 1024;
    private const int HeaderSize = 7;
    private const int RecyclableHeaderSize = HeaderSize + sizeof(uint);
    private const uint MaskDelta = 0xA282EAD8;

    /// <summary>The first record that is not as it was written, or null.</summary>
    public static BadRecord? FindBad(string path, Action<int>? onRead, CancellationToken cancellation)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] block = new byte[BlockSize];
        int number = 0;
        for (long start = 0; ; start += BlockSize)
        {
            cancellation.ThrowIfCancellationRequested();
            int length = file.ReadAtLeast(block, BlockSize, throwOnEndOfStream: false);
            onRead?.Invoke(length);
            if (FindBad(block.AsSpan(0, length), start, ref number) is { } bad)
                return bad;
            if (length < BlockSize)
                return number > 0 || start + length > 0 ? null : new BadRecord(1, 0, "the file is empty", IsTornEnd: true);
        }
    }

    private static BadRecord? FindBad(ReadOnlySpan<byte> block, long start, ref int number)
    {
        int at = 0;
        while (block.Length - at >= HeaderSize)
        {
            ReadOnlySpan<byte> record = block[at..];
            uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(record);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(record[4..]);
            byte type = record[6];
            if (checksum == 0 && length == 0 && type == 0)
                return record.ContainsAnyExcept((byte)0) ? Bad(ref number, start + at, "zeros, and data behind them") : null;
            int header = IsRecyclable(type) ? RecyclableHeaderSize : HeaderSize;
            if (header + length > record.Length)
                return Bad(ref number, start + at, $"{header + length} bytes announced, {record.Length} left", block.Length < BlockSize);
            if (Unmask(checksum) != Checksum(record[6..(header + length)]))
                return Bad(ref number, start + at, "its checksum is of other bytes");
            number++;
            at += header + length;
        }
        // Less than a header fits no record: the block ends with zeros, the file does not.
        return block.Length - at is var rest && rest > 0 && (block.Length < BlockSize || block[at..].ContainsAnyExcept((byte)0))
            ? Bad(ref number, start + at, $"{rest} bytes are no record", block.Length < BlockSize)
            : null;
    }

    private static BadRecord Bad(ref int number, long offset, string problem, bool tornEnd = false) =>
        new(++number, offset, problem, tornEnd);

    private static bool IsRecyclable(byte type) => type is >= 5 and <= 8 or 11 or 131;

    private static uint Unmask(uint masked)
    {
        uint rotated = masked - MaskDelta;
        return (rotated >> 17) | (rotated << 15);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes) => ~Crc32C.Append(~0u, bytes);
}

/// <summary>CRC-32C, which RocksDB uses for records and whole files; the platform has the step, not the loop.</summary>
internal static class Crc32C
{
    /// <summary>Goes on from a state; a checksum begins with and ends as the complement.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes)
            state = BitOperations.Crc32C(state, b);
        return state;
    }
}
