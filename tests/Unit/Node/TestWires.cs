using System.Net;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Tests.Unit.Node;

/// <summary>What connects the nodes of a test.</summary>
internal interface ITestWires
{
    /// <summary>A department's end, for one run of its node.</summary>
    IPlug Plug(int department);
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
    private readonly Dictionary<string, int> _ports = [];

    public IPlug Plug(int department)
    {
        string id = TestLedger.DepartmentId(department);
        var peers = ledger.Genesis.Validators.Members.Where(v => v.Department != id)
            // Only those are dialled that have a port already: see who dials whom.
            .Select(v => new PeerEndpoint(v.Department, v.Key, $"127.0.0.1:{_ports.GetValueOrDefault(v.Department, 1)}"));
        return new TlsPlug(
            NodeIdentity.Create(ledger.ValidatorOf(department), ledger.Genesis.ChainId, id), peers,
            _ports.GetValueOrDefault(id), port => _ports[id] = port);
    }

    private sealed class TlsPlug : IPlug
    {
        private readonly NodeIdentity _identity;
        private readonly PlatformSignatureVerifier _verifier = new();
        private readonly PeerNetwork _network;
        private readonly int _port;
        private readonly Action<int> _bound;

        public TlsPlug(NodeIdentity identity, IEnumerable<PeerEndpoint> peers, int port, Action<int> bound)
        {
            _identity = identity;
            _network = new PeerNetwork(identity, peers, _verifier, NullLoggerFactory.Instance);
            (_port, _bound) = (port, bound);
        }

        public IPeerNetwork Network => _network;

        public async Task UpAsync(IPeerHandler handler)
        {
            await _network.StartAsync(new IPEndPoint(IPAddress.Loopback, _port), handler);
            _bound(_network.ListenAddress.Port);
        }

        public async ValueTask DisposeAsync()
        {
            await _network.DisposeAsync();
            _identity.Dispose();
            _verifier.Dispose();
        }
    }
}
