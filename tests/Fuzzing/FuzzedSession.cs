using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using Grpc.Core;
using StoredBlock = GovChain.Tests.Simulation.StoredBlock;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// A whole stream between a node and a department whose frames an input says: the first ones are exchanged, questions answered from a
/// ledger, and the envelopes of a proposed block asked for meanwhile, as from its leader. It ends with words or not at all; what is
/// answered is the ledger's, and a block's envelopes are its own or none.
/// </summary>
/// <remarks>Inputs are lists of frames, as of <see cref="FuzzedSnapshot"/>. All runs on the caller's thread.</remarks>
internal sealed class FuzzedSession : IAsyncStreamReader<PeerFrame>, IAsyncStreamWriter<PeerFrame>
{
    /// <summary>As many answers as there may be frames, and the stream.</summary>
    public const long AllocatedAnyway = 1024 * 1024;

    private const int FramesMax = 16;
    private const ulong Proposed = 2;
    private const int WordsMax = 500;

    private static readonly Lazy<FuzzedNode> Node = new(static () => new FuzzedNode());

    private readonly IReadOnlyList<ByteString> _frames;
    private readonly OneThread _thread = new();
    private readonly List<PeerFrame> _sent = [];
    private int _read;

    private FuzzedSession(IReadOnlyList<ByteString> frames) => _frames = frames;

    public PeerFrame Current { get; private set; } = null!;

    public WriteOptions? WriteOptions { get; set; }

    /// <summary>True where the node has answered the first frame.</summary>
    public static bool Run(byte[] input)
    {
        TransactionGossip frames;
        try
        {
            frames = TransactionGossip.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
        var session = new FuzzedSession([.. frames.Envelopes.Take(FramesMax)]);
        session._thread.Run(session.ServeAsync);
        foreach (PeerFrame frame in session._sent)
            Check(frame);
        return session._sent.Count > 0;
    }

    /// <summary>A first frame, and behind it every question, and answers to the node's own.</summary>
    public static IEnumerable<byte[]> Seeds()
    {
        FuzzedLedger ledger = Node.Value.Ledger;
        StoredBlock block = ledger.Blocks[(int)Proposed];
        PeerFrame hello = new()
        {
            Hello = new PeerHello
            {
                ProtocolVersion = PeerNetworkOptions.ProtocolVersion,
                ChainId = ByteString.CopyFrom(ledger.Genesis.ChainId.Span),
                Department = FuzzedNode.Peer,
                SoftwareVersion = "0.1",
            },
        };
        IEnumerable<ByteString> envelopes = block.Transactions.Select(static t => ByteString.CopyFrom(t.Transaction.Envelope.Span));
        PeerFrame[] frames =
        [
            new() { EnvelopeResponse = new EnvelopeResponse { Height = Proposed, RequestId = 1, Envelopes = { envelopes } } },
            new()
            {
                EnvelopeRequest = new EnvelopeRequest
                {
                    Height = Proposed,
                    LeafHashes = ByteString.CopyFrom([.. block.Block.LeafHashes.SelectMany(static l => l.ToArray())]),
                    RequestId = 7,
                },
            },
            new() { BlockRequest = new BlockRangeRequest { FirstHeight = 1, Count = 2, RequestId = 8 } },
            new() { SnapshotRequest = new SnapshotRequest { Height = ledger.Height, RequestId = 9, Head = new SnapshotHeadWanted() } },
            new() { SnapshotRequest = new SnapshotRequest { Height = ledger.Height, RequestId = 10, Rows = new StateRowsWanted() } },
            new()
            {
                SnapshotRequest = new SnapshotRequest
                {
                    Height = ledger.Height, RequestId = 11, Pages = new StatePagesWanted { Keys = { ByteString.CopyFrom(0) } },
                },
            },
            new() { Gossip = new TransactionGossip { Envelopes = { envelopes } } },
        ];
        yield return List([hello]);
        foreach (PeerFrame frame in frames)
            yield return List([hello, frame]);
        yield return List([hello, .. frames]);
        // What is asked for comes in two answers, the first of them short.
        yield return List([hello, .. envelopes.Select(static (e, i) => new PeerFrame
        {
            EnvelopeResponse = new EnvelopeResponse { Height = Proposed, RequestId = 1 + (ulong)i, Envelopes = { e } },
        })]);
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        await _thread.Idle(); // what the frame before has caused is over
        cancellationToken.ThrowIfCancellationRequested();
        if (_read == _frames.Count)
            return false;
        Current = WireFrame.Read(_frames[_read++].Memory);
        return true;
    }

    public Task WriteAsync(PeerFrame message)
    {
        _sent.Add(message);
        return Task.CompletedTask;
    }

    public Task WriteAsync(PeerFrame message, CancellationToken cancellationToken) => WriteAsync(message);

    private static byte[] List(IEnumerable<PeerFrame> frames) =>
        new TransactionGossip { Envelopes = { frames.Select(static f => f.ToByteString()) } }.ToByteArray();

    private async Task ServeAsync()
    {
        FuzzedNode node = Node.Value;
        StoredBlock block = node.Ledger.Blocks[(int)Proposed];
        Task<(VerifiedTransaction[]? Transactions, BlockFault Fault)>? fetch = null;
        node.Begin(connected: () => fetch = node.FetchAsync(block.Block));
        try
        {
            await node.AcceptAsync(this, this);
        }
        catch (RpcException e)
        {
            // "The connection broke" is what an exception is called that nobody foresaw.
            if (e.StatusCode is not (StatusCode.Unavailable or StatusCode.FailedPrecondition) || e.Status.Detail.Length is 0 or > WordsMax
                || e.Status.Detail.StartsWith("The connection", StringComparison.Ordinal))
                throw new PropertyBrokenException($"The stream ends with {e.Status}.");
        }
        if (fetch is null)
            return;
        (VerifiedTransaction[]? transactions, BlockFault fault) = await fetch;
        if (fault is not (BlockFault.None or BlockFault.Unavailable) || (transactions is null) != (fault != BlockFault.None)
            || transactions?.Select(static t => t.Transaction.LeafHash).SequenceEqual(block.Block.LeafHashes) == false)
            throw new PropertyBrokenException($"A block of honest transactions is {fault}, and {transactions?.Length} of them come.");
    }

    /// <summary>What the node sends is a frame that it would take itself, with what the ledger has.</summary>
    private static void Check(PeerFrame frame)
    {
        FuzzedLedger ledger = Node.Value.Ledger;
        if (!WireFrame.Read(frame.ToByteArray()).Equals(frame))
            throw new PropertyBrokenException($"A frame that is another when it is read: {frame.KindCase}.");
        bool holds = frame.KindCase switch
        {
            PeerFrame.KindOneofCase.EnvelopeResponse => frame.EnvelopeResponse.Envelopes.All(e => IsStored(ledger, e)),
            PeerFrame.KindOneofCase.BlockResponse => frame.BlockResponse.Blocks.All(b => BlockHeader.TryRead(b.Header.Span) is { } header
                && header.Hash == ledger.Blocks[(int)header.Height].Header.Hash && b.Envelopes.All(e => IsStored(ledger, e))),
            PeerFrame.KindOneofCase.Hello or PeerFrame.KindOneofCase.EnvelopeRequest or PeerFrame.KindOneofCase.SnapshotResponse => true,
            _ => false,
        };
        if (!holds)
            throw new PropertyBrokenException($"The node sends what is not the ledger's: {frame}");
    }

    private static bool IsStored(FuzzedLedger ledger, ByteString envelope)
    {
        Digest leaf = LogHash.Leaf(envelope.Span);
        return ledger.Blocks.Any(b => b.Block.LeafHashes.Contains(leaf));
    }
}
