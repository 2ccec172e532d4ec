using System.Collections.Concurrent;
using System.Net;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Tests.Unit.Node;

/// <summary>What connects the nodes of a test.</summary>
internal interface ITestWires
{
    /// <summary>A department's end, for one run of its node.</summary>
    /// <param name="department">Whose.</param>
    /// <param name="store">Its ledger; null: one that is empty.</param>
    IPlug Plug(int department, LedgerStore? store = null);
}

/// <summary>One node's end of the wires, while it runs. Disposed, it is as if the process had ended.</summary>
internal interface IPlug : IAsyncDisposable
{
    /// <summary>What the node sends through.</summary>
    IPeerNetwork Network { get; }

    /// <summary>Others can connect from here on.</summary>
    Task UpAsync(IPeerHandler handler);
}

/// <summary>The real network over loopback, under mutual TLS; a node keeps its port over restarts.</summary>
internal sealed class TlsWires(TestLedger ledger) : ITestWires
{
    private readonly ConcurrentDictionary<string, int> _ports = [];

    /// <summary>Whether a consensus message reaches a department: to whom, from whom, what.</summary>
    public Func<string, string, ReadOnlyMemory<byte>, bool> Hears { get; set; } = static (_, _, _) => true;

    public IPlug Plug(int department, LedgerStore? store = null)
    {
        string id = TestLedger.DepartmentId(department);
        LedgerMembers members = store is null ? LedgerMembers.Of(ledger.Genesis) : LedgerMembers.Of(ledger.Genesis, store);
        var peers = members.History.Acting.Members.Where(v => v.Department != id)
            // Only those are dialled that have a port already: see who dials whom.
            .Select(v => new PeerEndpoint(v.Department, v.Key, $"127.0.0.1:{_ports.GetValueOrDefault(v.Department, 1)}"));
        ISigner signer = ledger.ValidatorOf(department);
        return new TlsPlug(
            NodeIdentity.Create(
                signer, ledger.Genesis.ChainId, id, store is null ? null : members.SuccessionOf(signer.PublicKey, store)),
            peers, members.History, _ports.GetValueOrDefault(id), port => _ports[id] = port,
            (from, message) => Hears(id, from, message));
    }

    private sealed class TlsPlug : IPlug
    {
        private readonly NodeIdentity _identity;
        private readonly PlatformSignatureVerifier _verifier = new();
        private readonly PeerNetwork _network;
        private readonly int _port;
        private readonly Action<int> _bound;
        private readonly Func<string, ReadOnlyMemory<byte>, bool> _hears;

        public TlsPlug(
            NodeIdentity identity, IEnumerable<PeerEndpoint> peers, ValidatorHistory history, int port, Action<int> bound,
            Func<string, ReadOnlyMemory<byte>, bool> hears)
        {
            _identity = identity;
            _network = new PeerNetwork(identity, peers, _verifier, NullLoggerFactory.Instance, history: history);
            (_port, _bound, _hears) = (port, bound, hears);
        }

        public IPeerNetwork Network => _network;

        public async Task UpAsync(IPeerHandler handler)
        {
            await _network.StartAsync(new IPEndPoint(IPAddress.Loopback, _port), new Ear(handler, _hears));
            _bound(_network.ListenAddress.Port);
        }

        public async ValueTask DisposeAsync()
        {
            await _network.DisposeAsync();
            _identity.Dispose();
            _verifier.Dispose();
        }
    }

    /// <summary>Passes on of consensus what its node is to hear, and all else.</summary>
    private sealed class Ear(IPeerHandler node, Func<string, ReadOnlyMemory<byte>, bool> hears) : IPeerHandler
    {
        public void OnConsensus(string department, ReadOnlyMemory<byte> message)
        {
            if (hears(department, message))
                node.OnConsensus(department, message);
        }

        public void OnGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes) => node.OnGossip(department, envelopes);

        public IReadOnlyList<ReadOnlyMemory<byte>> FindEnvelopes(ulong height, ReadOnlyMemory<byte> leafHashes) =>
            node.FindEnvelopes(height, leafHashes);

        public BlockRangeResponse ReadBlocks(ulong firstHeight, int count) => node.ReadBlocks(firstHeight, count);

        public SnapshotResponse ReadSnapshot(SnapshotRequest request) => node.ReadSnapshot(request);

        public void OnConnected(string department) => node.OnConnected(department);
    }
}
