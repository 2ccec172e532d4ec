using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Simulation;

/// <content>What a hostile validator gives of snapshots.</content>
internal sealed partial class Adversary
{
    private readonly Dictionary<ulong, Forgery> _forgeries = [];

    private readonly SnapshotLie _lie;

    /// <summary>What it lies about: who is caught is asked for nothing more, so that each has one lie.</summary>
    private enum SnapshotLie
    {
        None,
        Offer,
        Forgery,
        Head,
        Pages,
        Rows,
        Values,
        Pieces,
        Late,
    }

    /// <summary>It gives nothing of a snapshot: one that has a lie to tell does.</summary>
    public bool WithholdsParts => Withholds && _lie == SnapshotLie.None;

    /// <summary>How late it answers what it is asked of a snapshot, in time for one who waits so long; microseconds.</summary>
    public ulong LatePartUs(ulong timeoutUs) => _lie == SnapshotLie.Late ? LateUs(timeoutUs) : 0;

    /// <summary>An answer as this node gives it; null for none.</summary>
    public SnapshotResponse? Spoil(SnapshotRequest request, SnapshotResponse answer)
    {
        if (request.PartCase == SnapshotRequest.PartOneofCase.None)
        {
            if (_lie == SnapshotLie.Offer && Lies(FaultKind.ForgedSnapshot, 500))
                answer.Held = SnapshotRules.WriteHeld([_node.Ledger.Height + (ulong)_stage.Rng.Between(1, 1_000)]);
            return answer;
        }
        if (_lie == SnapshotLie.Forgery && answer.Head is not null && Lies(FaultKind.ForgedSnapshot, 800))
            Forge(request.Height);
        if (_forgeries.TryGetValue(request.Height, out Forgery? forgery))
            return forgery.Answer(request);
        if (_lie == SnapshotLie.Head && answer.Head is { } head && Lies(FaultKind.LyingSnapshot, 900))
            SpoilHead(head, request.Height);
        else if (_lie == SnapshotLie.Pages && answer.Pages.Count > 0 && Lies(FaultKind.LyingSnapshot, 700))
            SpoilPages(answer);
        else if (_lie == SnapshotLie.Rows && answer.Rows.Count > 0 && Lies(FaultKind.LyingSnapshot, 700))
            SpoilRows(answer, request.Height);
        else if (_lie == SnapshotLie.Values && answer.Rows.Count > 0 && Lies(FaultKind.LyingSnapshot, 700))
        {
            StateRow row = answer.Rows[_stage.Rng.Below(answer.Rows.Count)];
            row.Value = Flip(row.Value);
        }
        else if (_lie == SnapshotLie.Pieces && Lies(FaultKind.LyingSnapshot, 900))
            BreakOff(answer);
        return answer;
    }

    private SnapshotLie ChooseLie()
    {
        SnapshotLie lie = (SnapshotLie)_stage.Rng.Between((int)SnapshotLie.Offer, (int)SnapshotLie.Late + 1);
        return _stage.Scenario.Has(lie is SnapshotLie.Offer or SnapshotLie.Forgery ? FaultKind.ForgedSnapshot : FaultKind.LyingSnapshot)
            ? lie : SnapshotLie.None;
    }

    private bool Lies(FaultKind kind, int perMille)
    {
        bool lies = _stage.Rng.Chance(perMille);
        if (lies)
            _stage.Faults.Add(kind);
        return lies;
    }

    /// <summary>The block of a snapshot that it made up, in the place of the true one; null where there is none in the answer.
    /// </summary>
    private BlockResponse? WithForged(BlockResponse answer)
    {
        int place = answer.Blocks.Select(b => BlockHeader.TryRead(b.Header.Span)).ToList().FindIndex(
            h => h is not null && _forgeries.ContainsKey(h.Height));
        if (place < 0)
            return null;
        Forgery forgery = _forgeries[BlockHeader.TryRead(answer.Blocks[place].Header.Span)!.Height];
        FetchedBlock[] blocks = [.. answer.Blocks];
        blocks[place] = blocks[place] with { Header = forgery.Header.ToBytes(), Certificate = forgery.Certificate.ToBytes() };
        return answer with { Blocks = blocks };
    }

    /// <summary>The snapshot at a height with one value changed, and pages, root and header to match: whole in itself, but that no
    /// quorum has signed it.</summary>
    private void Forge(ulong height)
    {
        if (_forgeries.ContainsKey(height) || _node.SnapshotAt(height) is not { } view)
            return;
        StateChange[] values = [.. view.State.Values.Where(static v => v.Key.Kind is StateKind.RecordType or StateKind.Department)];
        StateChange changed = values[_stage.Rng.Below(values.Length)];
        byte[] other = [.. changed.Value];
        other[^1] ^= 1;
        (SimulatedState state, Digest root) = view.State.WithOther(changed.Key, other);
        byte[] bytes = view.Tip.ToBytes();
        int at = bytes.AsSpan().IndexOf(view.Tip.StateRoot.Span);
        root.Span.CopyTo(bytes.AsSpan(at));
        BlockHeader header = BlockHeader.TryRead(bytes)!;
        Certificate certificate = view.TipCertificate! with { BlockHash = header.Hash };
        _forgeries[height] = new Forgery(view, state, header, certificate);
    }

    private void SpoilHead(SnapshotHead head, ulong height)
    {
        Prng rng = _stage.Rng;
        switch (rng.Below(6))
        {
            case 0:
                head.Header = Flip(head.Header);
                break;
            case 1:
                head.Certificate = Flip(head.Certificate);
                break;
            case 2 when head.Epochs.Count > 0:
                head.Epochs.RemoveAt(rng.Below(head.Epochs.Count));
                break;
            case 3 when head.EdgeTiles.Count > 0:
                head.EdgeTiles[0] = Flip(head.EdgeTiles[0]);
                break;
            case 4 when head.Epochs.Count > 0:
                SnapshotEpoch epoch = head.Epochs[rng.Below(head.Epochs.Count)];
                epoch.NewKey = ByteString.CopyFrom(_node.Key.Span);
                break;
            default:
                Rebase(head, height);
                break;
        }
    }

    /// <summary>Another base, true in itself.</summary>
    private void Rebase(SnapshotHead head, ulong height)
    {
        if (_node.SnapshotAt(height) is not { } view)
            return;
        ulong below = Math.Max(view.FirstWhole, 1) + (ulong)_stage.Rng.Below((int)(height - Math.Max(view.FirstWhole, 1)) + 1);
        BlockHeader header = view.GetHeader(Math.Min(below, height));
        if (view.GetCertificate(header.Height) is not { } certificate)
            return;
        TileId[] edge = [.. SnapshotRules.EdgeOf(header.LogSizeAfter)];
        if (edge.Any(id => !view.State.Tiles.ContainsKey(id)))
            return;
        head.BaseHeader = ByteString.CopyFrom(header.ToBytes());
        head.BaseCertificate = ByteString.CopyFrom(certificate.ToBytes());
        head.EdgeTiles.Clear();
        foreach (TileId id in edge)
        {
            head.EdgeTiles.Add(ByteString.CopyFrom(
                view.State.Tiles[id].AsSpan(0, LogTiles.WidthAt(id, header.LogSizeAfter) * Digest.Size)));
        }
    }

    private void SpoilPages(SnapshotResponse answer)
    {
        int at = _stage.Rng.Below(answer.Pages.Count);
        switch (_stage.Rng.Below(4))
        {
            case 0:
                answer.Pages.Add(answer.Pages[at]);
                break;
            case 1 when at > 0:
                answer.Pages[at] = answer.Pages[0];
                break;
            default:
                answer.Pages[at] = Flip(answer.Pages[at]);
                break;
        }
    }

    private void SpoilRows(SnapshotResponse answer, ulong height)
    {
        int at = _stage.Rng.Below(answer.Rows.Count);
        switch (_stage.Rng.Below(5))
        {
            case 0:
                answer.Rows[at].Key = Flip(answer.Rows[at].Key);
                break;
            case 1:
                (answer.Rows[at], answer.Rows[0]) = (answer.Rows[0], answer.Rows[at]);
                break;
            case 2:
                answer.LastRows = true;
                break;
            default:
                answer.Rows.RemoveAt(at);
                FillUp(answer, height);
                break;
        }
    }

    /// <summary>As many values as an honest answer has, so that nobody sees at once that one is left out.</summary>
    private void FillUp(SnapshotResponse answer, ulong height)
    {
        if (answer.LastRows || answer.Rows.Count == 0 || _node.SnapshotAt(height) is not { } view)
            return;
        foreach (StateChange state in view.ScanStatesAfter(answer.Rows[^1].Key.ToByteArray()))
        {
            if (AnswerLength.IsFullOf(answer.Rows, SimulatedNode.AnswerBytesMax))
                return;
            answer.Rows.Add(new StateRow { Key = ByteString.CopyFrom(state.Key.Span), Value = ByteString.CopyFrom(state.Value) });
        }
        answer.LastRows = true;
    }

    /// <summary>One page, value or change of many.</summary>
    private static void BreakOff(SnapshotResponse answer)
    {
        while (answer.Pages.Count > 1)
            answer.Pages.RemoveAt(1);
        while (answer.Head is { Epochs.Count: > 1 } head)
            head.Epochs.RemoveAt(1);
        if (answer.Rows.Count < 2)
            return;
        while (answer.Rows.Count > 1)
            answer.Rows.RemoveAt(1);
        answer.LastRows = false;
    }

    private ByteString Flip(ByteString bytes)
    {
        byte[] copy = bytes.ToByteArray();
        if (copy.Length > 0)
            copy[_stage.Rng.Below(copy.Length)] ^= (byte)(1 << _stage.Rng.Below(8));
        return ByteString.CopyFrom(copy);
    }

    /// <summary>A snapshot that is whole in itself and that nobody has certified.</summary>
    private sealed class Forgery(SimulatedView view, SimulatedState state, BlockHeader header, Certificate certificate)
    {
        private readonly SimulatedView _forged = view.With(state);

        public BlockHeader Header => header;

        public Certificate Certificate => certificate;

        public SnapshotResponse Answer(SnapshotRequest request)
        {
            SnapshotResponse answer = SnapshotAnswers.Answer(_forged, request, SimulatedNode.AnswerBytesMax);
            answer.Height = request.Height;
            if (answer.Head is { } head)
            {
                head.Header = ByteString.CopyFrom(header.ToBytes());
                head.Certificate = ByteString.CopyFrom(certificate.ToBytes());
            }
            return answer;
        }
    }
}
