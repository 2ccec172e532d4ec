using System.Buffers.Binary;
using Google.Protobuf;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <summary>What a snapshot consists of, and what may be asked of it (docs/PROTOCOL.md, "Snapshots").</summary>
public static class SnapshotRules
{
    /// <summary>Pages asked for at once: 256 of the longest are 4.3 MB.</summary>
    public const int PagesMax = 256;

    /// <summary>A key of the state: kind, and an id whose longest is a type and a record id with a zero between.</summary>
    public const int StateKeyBytesMax = 1 + Limits.TypeMax + 1 + Limits.RecordIdMax;

    /// <summary>How long a fetch may wait for answers, milliseconds: at 10 MB a second, 18 GB of state.</summary>
    public const ulong FetchMs = 30 * 60_000;

    private const int HeldMax = 8;

    /// <summary>What a request must be to be looked at.</summary>
    public static bool IsWellFormed(SnapshotRequest request) => request.PartCase switch
    {
        SnapshotRequest.PartOneofCase.Pages => request.Pages.Keys.Count is > 0 and <= PagesMax
            && request.Pages.Keys.All(static k => StatePageId.TryParseKey(k.Span, out _)),
        SnapshotRequest.PartOneofCase.Rows => request.Rows.After.Length <= StateKeyBytesMax,
        _ => true,
    };

    /// <summary>The heights in an answer, at most eight.</summary>
    public static IReadOnlyList<ulong> ReadHeld(SnapshotResponse response) =>
    [
        .. Enumerable.Range(0, Math.Min(response.Held.Length / sizeof(ulong), HeldMax))
            .Select(i => BinaryPrimitives.ReadUInt64BigEndian(response.Held.Span[(i * sizeof(ulong))..])),
    ];

    /// <summary>Heights as an answer has them.</summary>
    public static ByteString WriteHeld(IReadOnlyList<ulong> heights)
    {
        byte[] bytes = new byte[heights.Count * sizeof(ulong)];
        for (int i = 0; i < heights.Count; i++)
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)), heights[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>The growing tiles of a log, by level: those that hold a hash, and the empty ones below them.</summary>
    public static IEnumerable<TileId> EdgeOf(ulong size)
    {
        for (byte level = 0; level <= LogTiles.LevelMax && size >> (LogTiles.Height * level) > 0; level++)
            yield return new TileId(level, (size >> (LogTiles.Height * level)) / LogTiles.Width);
    }

    /// <summary>Whether everything in the block and below has expired at a snapshot's time.</summary>
    public static bool IsBelowHorizon(BlockHeader header, ulong timestampMs, ulong horizonMs) =>
        header.Height == 0 || header.TimestampMs + horizonMs <= timestampMs;
}
