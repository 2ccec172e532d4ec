using System.Buffers.Binary;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Snapshots;

/// <summary>Answers what others ask of a snapshot (docs/PROTOCOL.md, "Snapshots"). Safe from any thread.</summary>
internal sealed class SnapshotServer(SnapshotShelf shelf, LedgerHead ledger)
{
    /// <summary>Pages asked for at once: 256 of the longest are 4.3 MB.</summary>
    public const int PagesMax = 256;

    /// <summary>A key of the state: kind, and an id whose longest is a type and a record id with a zero between.</summary>
    public const int StateKeyBytesMax = 1 + Limits.TypeMax + 1 + Limits.RecordIdMax;

    /// <summary>An answer ends with the row or page that makes it longer than this.</summary>
    private const int AnswerBytesMax = 2 * 1024 * 1024;

    private const int HeldMax = 8, PartsPerRow = 3, PartsFree = 9_000, BytesPerPart = 64;

    /// <summary>What a request must be to be looked at.</summary>
    public static bool IsWellFormed(SnapshotRequest request) => request.PartCase switch
    {
        SnapshotRequest.PartOneofCase.Pages => request.Pages.Keys.Count is > 0 and <= PagesMax
            && request.Pages.Keys.All(static k => StatePageId.TryParseKey(k.Span, out _)),
        SnapshotRequest.PartOneofCase.Rows => request.Rows.After.Length <= StateKeyBytesMax,
        _ => true,
    };

    /// <summary>The part; empty but for the heights held where this node does not hold the snapshot.</summary>
    /// <exception cref="StorageException">Damaged.</exception>
    public SnapshotResponse Answer(SnapshotRequest request)
    {
        var response = new SnapshotResponse();
        using LedgerSnapshot? view =
            request.PartCase == SnapshotRequest.PartOneofCase.None ? null : shelf.TryTake(request.Height);
        if (view is null)
        {
            response.Held = Write(shelf.Held(ledger));
            return response;
        }
        switch (request.PartCase)
        {
            case SnapshotRequest.PartOneofCase.Head:
                response.Head = ReadHead(view, request.Head.FromEpoch);
                break;
            case SnapshotRequest.PartOneofCase.Pages:
                AddPages(view, request.Pages, response);
                break;
            default:
                AddRows(view, request.Rows.After.ToByteArray(), response);
                break;
        }
        return response;
    }

    /// <summary>The heights in an answer, at most eight.</summary>
    public static IReadOnlyList<ulong> ReadHeld(SnapshotResponse response) =>
    [
        .. Enumerable.Range(0, Math.Min(response.Held.Length / sizeof(ulong), HeldMax))
            .Select(i => BinaryPrimitives.ReadUInt64BigEndian(response.Held.Span[(i * sizeof(ulong))..])),
    ];

    /// <summary>Heights as an answer has them.</summary>
    public static ByteString Write(IReadOnlyList<ulong> heights)
    {
        byte[] bytes = new byte[heights.Count * sizeof(ulong)];
        for (int i = 0; i < heights.Count; i++)
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * sizeof(ulong)), heights[i]);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    private static SnapshotHead? ReadHead(LedgerSnapshot view, ulong fromEpoch)
    {
        BlockHeader tip = view.Tip;
        ulong horizonMs = new StateOverlay(view).Parameters.ExpiryHorizonMs;
        ulong first = view.Gap?.FirstWhole ?? 0;
        if (FindBase(view, first, tip.TimestampMs, horizonMs) is not { } below)
            return null;
        var head = new SnapshotHead
        {
            Header = UnsafeByteOperations.UnsafeWrap(tip.ToBytes()),
            Certificate = UnsafeByteOperations.UnsafeWrap(view.TipCertificate!.ToBytes()),
            BaseHeader = UnsafeByteOperations.UnsafeWrap(below.ToBytes()),
            StateRows = view.EstimateStates(),
        };
        if (view.GetCertificate(below.Height) is { } certificate)
            head.BaseCertificate = UnsafeByteOperations.UnsafeWrap(certificate.ToBytes());
        foreach (TileId id in EdgeOf(below.LogSizeAfter))
        {
            int bytes = LogTiles.WidthAt(id, below.LogSizeAfter) * Digest.Size;
            head.EdgeTiles.Add(bytes == 0
                ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(view.GetTile(id.Level, id.Index)[..bytes]));
        }
        return AddEpochs(view, first, fromEpoch, head) ? head : null;
    }

    /// <summary>The ends of epochs; false where this node lacks the block of one, being filled in.</summary>
    private static bool AddEpochs(LedgerSnapshot view, ulong first, ulong fromEpoch, SnapshotHead head)
    {
        MembershipState changes = StateValue.Read<MembershipState>(view, StateKey.Membership) ?? new MembershipState();
        long bytes = 0;
        for (ulong epoch = fromEpoch; epoch < (ulong)changes.Changes.Count && bytes <= AnswerBytesMax; epoch++)
        {
            MembershipEntry entry = changes.Changes[(int)epoch];
            if (entry.Height < first)
                return false;
            var end = new SnapshotEpoch
            {
                Header = UnsafeByteOperations.UnsafeWrap(view.GetHeader(entry.Height).ToBytes()),
                Certificate = UnsafeByteOperations.UnsafeWrap(view.GetCertificate(entry.Height)!.ToBytes()),
                Department = entry.Department,
                NewKey = entry.NewKey,
            };
            head.Epochs.Add(end);
            bytes += end.Header.Length + end.Certificate.Length;
        }
        return true;
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

    /// <summary>The newest header from a height on all of whose transactions have expired; null where there is none.</summary>
    private static BlockHeader? FindBase(LedgerSnapshot view, ulong first, ulong timestampMs, ulong horizonMs)
    {
        if (!IsBelowHorizon(view.GetHeader(first), timestampMs, horizonMs))
            return null;
        ulong low = first, high = view.TipHeight; // header times ascend: low is below the horizon, high is not
        while (high - low > 1)
        {
            ulong middle = low + (high - low) / 2;
            if (IsBelowHorizon(view.GetHeader(middle), timestampMs, horizonMs))
                low = middle;
            else
                high = middle;
        }
        return view.GetHeader(low);
    }

    private static void AddPages(LedgerSnapshot view, StatePagesWanted wanted, SnapshotResponse response)
    {
        long bytes = 0;
        foreach (ByteString key in wanted.Keys)
        {
            if (!StatePageId.TryParseKey(key.Span, out StatePageId id) || view.TryGetPage(id) is not { } page
                || bytes > AnswerBytesMax)
                return;
            response.Pages.Add(UnsafeByteOperations.UnsafeWrap(page));
            bytes += page.Length;
        }
    }

    private static void AddRows(LedgerSnapshot view, byte[] after, SnapshotResponse response)
    {
        long bytes = 0;
        foreach (StateChange state in view.ScanStatesAfter(after))
        {
            // A row is three parts of a frame, whose number the other side bounds by its bytes (FrameBounds).
            if (bytes > AnswerBytesMax || PartsPerRow * response.Rows.Count > PartsFree + bytes / BytesPerPart)
                return;
            response.Rows.Add(new StateRow
            {
                Key = ByteString.CopyFrom(state.Key.Span),
                Value = UnsafeByteOperations.UnsafeWrap(state.Value),
            });
            bytes += state.Key.Span.Length + state.Value.Length;
        }
        response.LastRows = true;
    }
}
