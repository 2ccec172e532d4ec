using System.Net;
using GovChain.Client.Keys;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Pool;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// What of a node serves its peers' streams, over a stored ledger: network and handler. Consensus messages and gossip go nowhere; they
/// have targets of their own. One stream at a time.
/// </summary>
internal sealed class FuzzedNode : IPeerHandler
{
    /// <summary>The department on the other side.</summary>
    public const string Peer = "d00";

    private const string Self = "d03";

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-fuzz-").FullName;
    private readonly PlatformSignatureVerifier _verifier = new();
    private readonly NodeIdentity _peer;
    private readonly PeerNetwork _network;
    private readonly LedgerHead _head;
    private readonly BatchVerifier _batch;
    private readonly SnapshotServer _snapshots;
    private PeerHandler _handler = null!;
    private BodyAssembler _assembler = null!;
    private Action _connected = null!;

    public FuzzedNode()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(_directory, recursive: true);
        LedgerStore store = LedgerStore.Open(DataDirectory.Open(_directory, Ledger.Genesis.ChainId));
        store.Append(Ledger.Genesis.Block, certificate: null);
        foreach ((Core.Execution.ExecutedBlock block, Certificate certificate) in Ledger.Executed)
            store.Append(block, certificate);
        _head = new LedgerHead(store);
        _batch = new BatchVerifier(Ledger.Keys, threads: 1);
        _snapshots = new SnapshotServer(new SnapshotShelf(TimeProvider.System), _head);
        using PlatformSigner self = PlatformSigner.Create(), peer = PlatformSigner.Create();
        _peer = NodeIdentity.Create(peer, Ledger.Genesis.ChainId, Peer);
        _network = new PeerNetwork(
            NodeIdentity.Create(self, Ledger.Genesis.ChainId, Self), [new PeerEndpoint(Peer, peer.PublicKey, "127.0.0.1:1")], _verifier,
            NullLoggerFactory.Instance);
        _network.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), this).GetAwaiter().GetResult();
    }

    public FuzzedLedger Ledger { get; } = new();

    /// <summary>Pool and memory are new, as if nothing had come before.</summary>
    /// <param name="connected">Called when the next stream is up.</param>
    public void Begin(Action connected)
    {
        _connected = connected;
        var pool = new TransactionPool(new PoolOptions(), Ledger.Genesis.Validators.Count, _head.Tip.Height);
        var bodies = new BlockBodies();
        var envelopes = new EnvelopeVerifier(pool, bodies, _batch);
        var admission = new Admission(
            new AdmissionOptions(), _head, pool, envelopes, TimeProvider.System, new OutcomeMemory(1), new TicketOffice(), static _ => { },
            static () => { });
        _handler = new PeerHandler(_head, pool, bodies, admission, null!, null!, _snapshots, static e => throw e);
        _assembler = new BodyAssembler(
            Ledger.Genesis.ChainId, new LedgerSources(Ledger.Genesis.Validators, _network), pool, admission, bodies, envelopes, _network, new Impatient());
    }

    /// <summary>Serves a stream of the department, until it ends.</summary>
    /// <exception cref="RpcException">What the other side is told.</exception>
    public Task AcceptAsync(IAsyncStreamReader<PeerFrame> reader, IAsyncStreamWriter<PeerFrame> writer)
    {
        var http = new DefaultHttpContext();
        http.Connection.ClientCertificate = _peer.Certificate;
        return _network.AcceptAsync(reader, writer, http);
    }

    /// <summary>Gets the transactions of a block that the department proposed.</summary>
    public Task<(VerifiedTransaction[]? Transactions, BlockFault Fault)> FetchAsync(ProposedBlock block) =>
        _assembler.AssembleAsync(block, hint: 0, CancellationToken.None);

    public void OnConnected(string department) => _connected();

    public void OnConsensus(string department, ReadOnlyMemory<byte> message)
    {
    }

    public void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes) =>
        _handler.FindEnvelopes(height, leafHashes);

    public BlockRangeResponse ReadBlocks(ulong firstHeight, int count) => _handler.ReadBlocks(firstHeight, count);

    public SnapshotResponse ReadSnapshot(SnapshotRequest request) => _handler.ReadSnapshot(request);

    /// <summary>No pause takes any time.</summary>
    private sealed class Impatient : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
