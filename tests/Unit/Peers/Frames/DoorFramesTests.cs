using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Storage;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Node.Snapshots;
using Grpc.Core;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>
/// Goal: no frame that a peer sends of its own accord does harm with one field changed. Method: every field of every such frame,
/// found by reflection, changed one at a time, from the bytes on into a whole node. Invariants: what the frame then is decides - it
/// ends its own stream with words, is answered with what the ledger has, or brings into the pool what somebody signed; ledger,
/// votes and other streams stay as they are.
/// </summary>
internal sealed class DoorFramesTests
{
    private const ulong ValidAfterTipMs = 59_000;

    /// <summary>Before its tip's time nobody proposes.</summary>
    private const ulong BehindTipMs = 60_000;

    private readonly Dictionary<Digest, byte[]> _signed = [];
    private readonly HashSet<Digest> _pooled = [];
    private readonly FrameTally _tally = new();
    private SnapshotBed _bed = null!;
    private FrameSource _source = null!;
    private FrameBed _wires = null!;
    private TestNode _node = null!;
    private FramePeer _peer = null!, _honest = null!;
    private int _records;

    [OneTimeSetUp]
    public async Task StartNode()
    {
        _bed = new SnapshotBed(60, records: 4, changes: true);
        _source = new FrameSource(_bed, blocksMax: 3);
        _bed.CopyTo(_bed.PathOf("node"));
        _wires = new FrameBed(_bed.Ledger);
        _bed.Ledger.BeginMs = _bed.Head.Tip.TimestampMs;
        _node = new TestNode(_bed.Ledger, FrameBed.Self, _bed.PathOf("node"), _wires, new StandingClock(_bed.Head.Tip.TimestampMs - BehindTipMs));
        await _node.StartAsync();
        _peer = await _wires.ConnectAsync(0);
        _honest = await _wires.ConnectAsync(1);
    }

    [OneTimeTearDown]
    public async Task StopNode()
    {
        await _node.DisposeAsync();
        await _wires.DisposeAsync();
        _bed.Dispose();
    }

    [Test]
    public async Task Frame_OfItsOwnAccord_WithAnyFieldChanged_IsRefusedOrHarmless()
    {
        List<Func<PeerFrame>> frames = [NewGossip, Status, () => _wires.Hello(0)];
        frames.AddRange(_source.Requests().Concat(_source.Answers()).Select(static f => (Func<PeerFrame>)(() => f)));
        var changes = new FrameChanges([.. _source.Requests(), .. _source.Answers(), NewGossip(), Status()]);
        foreach (Func<PeerFrame> make in frames)
        {
            PeerFrame sample = make();
            foreach (int place in FrameTally.Choose(sample, [.. changes.Of(sample)], step: 3))
            {
                PeerFrame frame = make();
                FrameChange change = changes.Of(frame).ElementAt(place);
                if (change.Bytes.AsSpan().SequenceEqual(frame.ToByteArray()))
                    continue;
                try
                {
                    _tally.Add(change, await SendAsync(change.Bytes));
                }
                catch (UnexpectedException e)
                {
                    _tally.Fail(change, e.Message);
                }
            }
        }
        Assert.That(_wires.StateOf(1) is { IsConnected: true, LastError: "" }, "the honest peer has nothing of it");
        Assert.That(await _honest.ReadAsync(static f => f.KindCase == PeerFrame.KindOneofCase.Consensus), Is.Not.Null);
        await _node.StopAsync();
        Assert.That(ReadJournal(), Is.Not.Empty.And.All.Matches<object>(static r => r is StoredMark or RecallRecord), "nothing was signed");
        _tally.Expect(FrameTally.Door);
    }

    /// <summary>What is not in a sample is not changed, nor what no test says it changes.</summary>
    [Test]
    public void Samples_AreOfEveryKind_WithThreeOfAllThatIsRepeated()
    {
        PeerFrame[] samples = [.. _source.Requests(), .. _source.Answers(), NewGossip(), Status(), _wires.Hello(0)];
        string[] parts = [.. FrameTally.Hello, .. FrameTally.Door, .. FrameTally.Envelopes, .. FrameTally.Blocks, .. FrameTally.Snapshots];
        Assert.That(parts, Is.EquivalentTo(FrameChanges.Declared().Where(static f => !f.Contains('.', StringComparison.Ordinal))));
        Assert.That(samples.Select(static s => s.KindCase).Distinct(), Has.Exactly(parts.Length - 1).Items);
        var counts = samples.SelectMany(static s => FrameChanges.Repeated(s)).GroupBy(static r => r.Field)
            .ToDictionary(static g => g.Key, static g => g.Max(static r => r.Count));
        // One for each level of the log tree: a third begins at 65,536 transactions.
        Assert.That(counts.Remove("snapshot_response.head.edge_tiles", out int levels) && levels > 0);
        Assert.That(counts.Values, Has.All.GreaterThanOrEqualTo(3), string.Join(", ", counts));
    }

    private PeerFrame NewGossip() => new() { Gossip = new TransactionGossip { Envelopes = { NewEnvelope(), NewEnvelope(), NewEnvelope() } } };

    private PeerFrame Status() => new()
    {
        Consensus = ByteString.CopyFrom(ConsensusMessageCodec.Encode(
            new StatusMessage(0, new DecidedMessage(_bed.Head.Tip, _bed.Head.TipCertificate!)))),
    };

    private ByteString NewEnvelope()
    {
        byte[] envelope = _bed.Ledger.Change($"gossip-{_records++}", 0, "{}", ValidAfterTipMs);
        _signed.Add(LogHash.Leaf(envelope), envelope);
        return ByteString.CopyFrom(envelope);
    }

    /// <summary>Sends a frame, and then asks something, so that all that comes of the frame has come.</summary>
    private async Task<string> SendAsync(byte[] bytes)
    {
        PeerFrame? frame = FrameChange.TryParse(bytes);
        string? refusal = RefusalOf(frame);
        var answers = new List<PeerFrame>();
        const ulong asked = FrameSource.Id / 2; // none that a changed frame may have
        _peer.Send(bytes);
        _peer.Send(new PeerFrame { BlockRequest = new BlockRangeRequest { FirstHeight = 1, Count = 1, RequestId = asked } });
        bool isUp = await _peer.ReadAsync(
            static f => f.BlockResponse?.RequestId == asked, f => answers.AddRange(IsAnswer(f) ? [f] : [])) is not null;
        if (isUp == (refusal is not null))
            throw new UnexpectedException(isUp ? $"not refused as {refusal}" : $"refused: {(await _peer.Ended)?.Status.Detail}");
        if (!isUp)
        {
            RpcException? told = await _peer.Ended;
            _peer = await _wires.ConnectAsync(0);
            if (told is not { StatusCode: StatusCode.Unavailable } || told.Status.Detail != $"The other side sent {refusal}.")
                throw new UnexpectedException($"refused with {told?.Status}, not {refusal}");
        }
        else if (AnswerTo(frame!) is { } expected ? answers.Count != 1 || !answers[0].Equals(expected) : answers.Count > 0)
        {
            throw new UnexpectedException($"answered with {string.Join(", ", answers)}");
        }
        if (frame?.KindCase == PeerFrame.KindOneofCase.Gossip)
            await ExpectPoolAsync(isUp ? frame.Gossip : new TransactionGossip());
        GetStatusResponse status = _node.Gateway.GetStatus();
        if (status.HeaderHash != _bed.Head.Tip.Hash.ToString() || status.PoolTransactions != (ulong)_pooled.Count
            || _node.Runtime.Fatal.IsCompleted)
            throw new UnexpectedException($"the node is another: {status}");
        return refusal is not null ? $"ended the stream as {refusal}" : $"{frame!.KindCase} {(answers.Count > 0 ? "answered" : "taken")}";
    }

    /// <summary>What somebody signed comes into the pool, and nothing else does.</summary>
    private async Task ExpectPoolAsync(TransactionGossip gossip)
    {
        foreach (ByteString envelope in gossip.Envelopes)
        {
            Digest leaf = LogHash.Leaf(envelope.Span);
            if (_signed.ContainsKey(leaf))
                _pooled.Add(leaf);
        }
        ByteString last = NewEnvelope();
        _pooled.Add(LogHash.Leaf(last.Span));
        _peer.Send(new PeerFrame { Gossip = new TransactionGossip { Envelopes = { last } } });
        await _node.UntilAsync(s => s.PoolTransactions >= (ulong)_pooled.Count, $"{_pooled.Count} in the pool");
        _peer.Send(new PeerFrame { EnvelopeRequest = FrameSource.Wanted(_signed.Keys, 0) });
        PeerFrame? held = await _peer.ReadAsync(static f => f.KindCase == PeerFrame.KindOneofCase.EnvelopeResponse);
        if (!held!.EnvelopeResponse.Envelopes.Select(static e => LogHash.Leaf(e.Span)).ToHashSet().SetEquals(_pooled))
            throw new UnexpectedException("the pool holds other transactions");
    }

    private static bool IsAnswer(PeerFrame frame) => frame.KindCase is PeerFrame.KindOneofCase.EnvelopeResponse
        or PeerFrame.KindOneofCase.BlockResponse or PeerFrame.KindOneofCase.SnapshotResponse;

    /// <summary>What is wrong with a frame by docs/PROTOCOL.md; null where nothing is.</summary>
    private static string? RefusalOf(PeerFrame? frame) => frame switch
    {
        null => "a frame that cannot be read, or has more parts than an honest one",
        { KindCase: PeerFrame.KindOneofCase.None or PeerFrame.KindOneofCase.Hello } => "a frame that has no place here",
        { Gossip: { } g } when g.Envelopes.Any(static e => e.Length is 0 or > Limits.EnvelopeBytesMax) => "an envelope of a length that none has",
        { EnvelopeRequest: { } r } when r.LeafHashes.Length % 32 != 0 => "a malformed request for envelopes",
        { SnapshotRequest.Pages: { } p } when p.Keys.Count is 0 or > 256 || p.Keys.Any(
            static k => k.Length is 0 or > 32 || k[0] != k.Length - 1) => "a malformed request for a snapshot",
        { SnapshotRequest.Rows: { } r } when r.After.Length > SnapshotRules.StateKeyBytesMax => "a malformed request for a snapshot",
        _ => null,
    };

    /// <summary>What the ledger says to a question, read without the code that serves it; null for what is no question.</summary>
    private PeerFrame? AnswerTo(PeerFrame frame)
    {
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        switch (frame.KindCase)
        {
            case PeerFrame.KindOneofCase.EnvelopeRequest:
                EnvelopeRequest wanted = frame.EnvelopeRequest;
                var envelopes = new EnvelopeResponse { Height = wanted.Height, RequestId = wanted.RequestId };
                Dictionary<Digest, byte[]> stored = wanted.Height is 0 || wanted.Height > view.TipHeight ? []
                    : view.GetBlock(wanted.Height).Leaves.ToDictionary(static l => LogHash.Leaf(l.Span), static l => l.ToArray());
                foreach (byte[] name in wanted.LeafHashes.ToByteArray().Chunk(32))
                {
                    var leaf = new Digest(name);
                    if ((_pooled.Contains(leaf) ? _signed[leaf] : stored.GetValueOrDefault(leaf)) is { } envelope)
                        envelopes.Envelopes.Add(ByteString.CopyFrom(envelope));
                }
                return new PeerFrame { EnvelopeResponse = envelopes };
            case PeerFrame.KindOneofCase.BlockRequest:
                BlockRangeResponse blocks = _bed.Blocks(
                    Math.Max(1, frame.BlockRequest.FirstHeight), (int)Math.Clamp(frame.BlockRequest.Count, 1, 256));
                (blocks.FirstHeight, blocks.RequestId) = (frame.BlockRequest.FirstHeight, frame.BlockRequest.RequestId);
                return new PeerFrame { BlockResponse = blocks };
            case PeerFrame.KindOneofCase.SnapshotRequest:
                SnapshotResponse part = PartOf(view, frame.SnapshotRequest);
                (part.Height, part.RequestId) = (frame.SnapshotRequest.Height, frame.SnapshotRequest.RequestId);
                return new PeerFrame { SnapshotResponse = part };
            default:
                return null;
        }
    }

    private SnapshotResponse PartOf(LedgerSnapshot view, SnapshotRequest request)
    {
        var part = new SnapshotResponse();
        if (request.PartCase == SnapshotRequest.PartOneofCase.None || request.Height != view.TipHeight)
        {
            part.Held = SnapshotRules.WriteHeld([view.TipHeight]);
        }
        else if (request.Pages is { } pages)
        {
            foreach (ByteString key in pages.Keys)
            {
                if (!StatePageId.TryParseKey(key.Span, out StatePageId id) || view.TryGetPage(id) is not { } page)
                    break;
                part.Pages.Add(ByteString.CopyFrom(page.Span));
            }
        }
        else if (request.Rows is { } rows)
        {
            part.Rows.AddRange(view.ScanStatesAfter([]).Where(s => s.Key.Span.SequenceCompareTo(rows.After.Span) > 0).Select(
                static s => new StateRow { Key = ByteString.CopyFrom(s.Key.Span), Value = ByteString.CopyFrom(s.Value) }));
            part.LastRows = true;
        }
        else
        {
            SnapshotHead whole = _bed.Server.Answer(new SnapshotRequest { Height = view.TipHeight, Head = new SnapshotHeadWanted() }).Head;
            SnapshotEpoch[] epochs = [.. whole.Epochs];
            part.Head = whole;
            part.Head.Epochs.Clear();
            part.Head.Epochs.AddRange(epochs.Where((_, i) => (ulong)i >= request.Head.FromEpoch));
        }
        return part;
    }

    private IEnumerable<object?> ReadJournal()
    {
        using DataDirectory directory = DataDirectory.Open(_node.Path, _bed.Ledger.Genesis.ChainId);
        return [.. JournalLoader.Inspect(directory, _bed.Head.Tip)!.Records.Select(static r => JournalCodec.TryDecode(r))];
    }

    private sealed class StandingClock(ulong utcMs) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds((long)utcMs);
    }

    private sealed class UnexpectedException(string what) : Exception(what);
}
