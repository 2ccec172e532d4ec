using System.Buffers.Binary;
using GovChain.Core.Model;

namespace GovChain.Node.Consensus;

/// <summary>What a journal record holds besides the core's own bytes: the envelopes of a block it names.</summary>
/// <param name="Record">The core's record.</param>
/// <param name="Height">The block's height; 0 where the record names none.</param>
/// <param name="Envelopes">The block's envelopes.</param>
internal readonly record struct JournalFrame(
    ReadOnlyMemory<byte> Record, ulong Height, IReadOnlyList<ReadOnlyMemory<byte>> Envelopes)
{
    private const int LengthSize = sizeof(uint);

    /// <summary>record length u32 | record | [height u64 | count u32 | count x (length u32 | envelope)].</summary>
    public static byte[] Encode(
        ReadOnlySpan<byte> record, ulong height = 0, IReadOnlyList<VerifiedTransaction>? transactions = null)
    {
        int size = LengthSize + record.Length;
        if (transactions is not null)
        {
            size += sizeof(ulong) + LengthSize;
            foreach (VerifiedTransaction transaction in transactions)
                size += LengthSize + transaction.Transaction.Envelope.Length;
        }
        byte[] frame = new byte[size];
        var w = new BigEndianWriter(frame);
        w.U32((uint)record.Length);
        w.Bytes(record);
        if (transactions is null)
            return frame;
        w.U64(height);
        w.U32((uint)transactions.Count);
        foreach (VerifiedTransaction transaction in transactions)
        {
            w.U32((uint)transaction.Transaction.Envelope.Length);
            w.Bytes(transaction.Transaction.Envelope.Span);
        }
        return frame;
    }

    /// <summary>Reads a frame back; null if the bytes are none. The journal's checksum vouches for what was written.
    /// </summary>
    public static JournalFrame? TryDecode(ReadOnlyMemory<byte> frame)
    {
        int at = 0;
        if (Take(frame, ref at) is not { } record)
            return null;
        if (at == frame.Length)
            return new JournalFrame(record, 0, []);
        if (frame.Length - at < sizeof(ulong) + LengthSize)
            return null;
        ulong height = BinaryPrimitives.ReadUInt64BigEndian(frame.Span[at..]);
        uint count = BinaryPrimitives.ReadUInt32BigEndian(frame.Span[(at + sizeof(ulong))..]);
        at += sizeof(ulong) + LengthSize;
        if (count > Limits.BlockTransactionsCeiling)
            return null;
        var envelopes = new ReadOnlyMemory<byte>[count];
        for (int i = 0; i < count; i++)
        {
            if (Take(frame, ref at) is not { } envelope)
                return null;
            envelopes[i] = envelope;
        }
        return at == frame.Length ? new JournalFrame(record, height, envelopes) : null;
    }

    private static ReadOnlyMemory<byte>? Take(ReadOnlyMemory<byte> frame, ref int at)
    {
        if (frame.Length - at < LengthSize)
            return null;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(frame.Span[at..]);
        at += LengthSize;
        if (length > frame.Length - at)
            return null;
        ReadOnlyMemory<byte> taken = frame.Slice(at, (int)length);
        at += (int)length;
        return taken;
    }
}
