using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Consensus;

/// <summary>What a node answers that holds the snapshot which it is asked for (docs/PROTOCOL.md, "Snapshots").</summary>
public static class SnapshotAnswers
{
    /// <summary>An answer ends with the row or page that makes it longer than this.</summary>
    public const int AnswerBytesMax = 2 * 1024 * 1024;

    /// <summary>The part that was asked for; empty where this ledger cannot give it.</summary>
    /// <param name="view">The snapshot.</param>
    /// <param name="request">The part.</param>
    /// <param name="bytesMax">An answer ends with the row, page or change that makes it longer than this (<see cref="AnswerLength"/>).</param>
    public static SnapshotResponse Answer(ISnapshotView view, SnapshotRequest request, int bytesMax = AnswerBytesMax)
    {
        var response = new SnapshotResponse();
        switch (request.PartCase)
        {
            case SnapshotRequest.PartOneofCase.Head:
                response.Head = ReadHead(view, request.Head.FromEpoch, bytesMax);
                break;
            case SnapshotRequest.PartOneofCase.Pages:
                AddPages(view, request.Pages, response, bytesMax);
                break;
            default:
                AddRows(view, request.Rows.After.ToByteArray(), response, bytesMax);
                break;
        }
        return response;
    }

    private static SnapshotHead? ReadHead(ISnapshotView view, ulong fromEpoch, int bytesMax)
    {
        BlockHeader tip = view.Tip;
        ulong horizonMs = new StateOverlay(view).Parameters.ExpiryHorizonMs;
        if (FindBase(view, tip.TimestampMs, horizonMs) is not { } below)
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
        foreach (TileId id in SnapshotRules.EdgeOf(below.LogSizeAfter))
        {
            int bytes = LogTiles.WidthAt(id, below.LogSizeAfter) * Digest.Size;
            head.EdgeTiles.Add(bytes == 0
                ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(view.GetTile(id.Level, id.Index)[..bytes]));
        }
        return AddEpochs(view, fromEpoch, head, bytesMax) ? head : null;
    }

    /// <summary>The ends of epochs; false where this node lacks the block of one, being filled in.</summary>
    private static bool AddEpochs(ISnapshotView view, ulong fromEpoch, SnapshotHead head, int bytesMax)
    {
        MembershipState changes = StateValue.Read<MembershipState>(view, StateKey.Membership) ?? new MembershipState();
        var length = new AnswerLength(bytesMax);
        for (ulong epoch = fromEpoch; epoch < (ulong)changes.Changes.Count && !length.IsFull; epoch++)
        {
            MembershipEntry entry = changes.Changes[(int)epoch];
            if (entry.Height < view.FirstWhole)
                return false;
            var end = new SnapshotEpoch
            {
                Header = UnsafeByteOperations.UnsafeWrap(view.GetHeader(entry.Height).ToBytes()),
                Certificate = UnsafeByteOperations.UnsafeWrap(view.GetCertificate(entry.Height)!.ToBytes()),
                Department = entry.Department,
                NewKey = entry.NewKey,
            };
            head.Epochs.Add(end);
            length.Add(end);
        }
        return true;
    }

    /// <summary>The newest header, of those here, all of whose transactions have expired; null where there is none.</summary>
    private static BlockHeader? FindBase(ISnapshotView view, ulong timestampMs, ulong horizonMs)
    {
        if (!SnapshotRules.IsBelowHorizon(view.GetHeader(view.FirstWhole), timestampMs, horizonMs))
            return null;
        ulong low = view.FirstWhole, high = view.Tip.Height; // header times ascend: low is below the horizon, high is not
        while (high - low > 1)
        {
            ulong middle = low + (high - low) / 2;
            if (SnapshotRules.IsBelowHorizon(view.GetHeader(middle), timestampMs, horizonMs))
                low = middle;
            else
                high = middle;
        }
        return view.GetHeader(low);
    }

    private static void AddPages(ISnapshotView view, StatePagesWanted wanted, SnapshotResponse response, int bytesMax)
    {
        var length = new AnswerLength(bytesMax);
        foreach (ByteString key in wanted.Keys)
        {
            if (length.IsFull)
                return;
            if (!StatePageId.TryParseKey(key.Span, out StatePageId id) || view.TryGetPage(id) is not { } page)
            {
                response.Pages.Clear(); // some of what was asked for would be taken for an answer that breaks off
                return;
            }
            response.Pages.Add(UnsafeByteOperations.UnsafeWrap(page));
            length.Add(response.Pages[^1]);
        }
    }

    private static void AddRows(ISnapshotView view, byte[] after, SnapshotResponse response, int bytesMax)
    {
        var length = new AnswerLength(bytesMax);
        foreach (StateChange state in view.ScanStatesAfter(after))
        {
            if (length.IsFull)
                return;
            response.Rows.Add(new StateRow
            {
                Key = ByteString.CopyFrom(state.Key.Span),
                Value = UnsafeByteOperations.UnsafeWrap(state.Value),
            });
            length.Add(response.Rows[^1]);
        }
        response.LastRows = true;
    }
}
