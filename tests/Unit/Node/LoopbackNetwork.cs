using System.Collections.Concurrent;
using System.Threading.Channels;
using GovChain.Node.Peers;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Tests.Unit.Node;

/// <summary>Peers inside one process: frames arrive in order on another thread, unless a node is down.</summary>
internal sealed class LoopbackNetwork : ITestWires
{
    private readonly ConcurrentDictionary<string, Endpoint> _endpoints = new();

    /// <summary>Whether gossip of an envelope reaches a department.</summary>
    public Func<string, ReadOnlyMemory<byte>, bool> Gossips { get; set; } = static (_, _) => true;

    /// <summary>Whether blocks from a height on are given to a department; else it is told that there are none below a snapshot.</summary>
    public Func<string, ulong, bool> GivesBlocks { get; set; } = static (_, _) => true;

    /// <summary>What becomes of an answer with blocks from a height on; null: no answer.</summary>
    public Func<ulong, BlockRangeResponse?, Task<BlockRangeResponse?>> Passes { get; set; } = static (_, answer) => Task.FromResult(answer);

    /// <summary>Whether a consensus message of a department goes out.</summary>
    public Func<string, ReadOnlyMemory<byte>, bool> Speaks { get; set; } = static (_, _) => true;

    /// <summary>What a department answers, of what it has, when another asks it for envelopes: asker, asked, answer.</summary>
    public Func<string, string, IReadOnlyList<ReadOnlyMemory<byte>>?, Task<IReadOnlyList<ReadOnlyMemory<byte>>?>> Envelopes { get; set; } =
        static (_, _, answer) => Task.FromResult(answer);

    /// <summary>What a department answers in its place when another asks it for blocks: asker, asked, first height; null: what it has.</summary>
    public Func<string, string, ulong, Task<BlockRangeResponse?>?> Blocks { get; set; } = static (_, _, _) => null;

    /// <summary>The network as one department sees it.</summary>
    public IPlug Plug(int department, LedgerStore? store = null) => new Endpoint(this, TestLedger.DepartmentId(department));

    /// <summary>One department's end.</summary>
    private sealed class Endpoint(LoopbackNetwork network, string department) : IPeerNetwork, IPlug
    {
        private readonly Channel<Action<IPeerHandler>> _inbox = Channel.CreateUnbounded<Action<IPeerHandler>>();
        private IPeerHandler? _handler;
        private Task _pump = Task.CompletedTask;

        public IPeerNetwork Network => this;

        public Task UpAsync(IPeerHandler handler)
        {
            _handler = handler;
            _pump = Task.Run(PumpAsync);
            network._endpoints[department] = this;
            foreach (Endpoint other in Others)
            {
                other.Post(h => h.OnConnected(department));
                Post(h => h.OnConnected(other.Department));
            }
            return Task.CompletedTask;
        }

        public string Department => department;

        public IReadOnlyList<PeerConnection> Connections =>
            [.. Others.Select(o => new PeerConnection(o.Department, "loopback", true, "", 0))];

        private IEnumerable<Endpoint> Others =>
            network._endpoints.Values.Where(e => e != this && network._endpoints.ContainsKey(department))
                .OrderBy(e => e.Department, StringComparer.Ordinal);

        public void SendConsensus(string to, ReadOnlyMemory<byte> message)
        {
            if (network.Speaks(department, message))
                Find(to)?.Post(h => h.OnConsensus(department, message));
        }

        public void BroadcastConsensus(ReadOnlyMemory<byte> message)
        {
            foreach (Endpoint other in Others.Where(_ => network.Speaks(department, message)))
                other.Post(h => h.OnConsensus(department, message));
        }

        public void SendGossip(string to, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
        {
            if (Find(to) is { } other)
                Gossip(other, envelopes);
        }

        public void BroadcastGossip(IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
        {
            foreach (Endpoint other in Others)
                Gossip(other, envelopes);
        }

        private void Gossip(Endpoint to, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
        {
            ReadOnlyMemory<byte>[] passed = [.. envelopes.Where(e => network.Gossips(to.Department, e))];
            if (passed.Length > 0)
                to.Post(h => h.OnGossip(department, passed));
        }

        public async Task<IReadOnlyList<ReadOnlyMemory<byte>>?> RequestEnvelopesAsync(
            string from, ulong height, ReadOnlyMemory<byte> leafHashes, CancellationToken cancellation) =>
            await network.Envelopes(department, from, await AskAsync(from, h => h.FindEnvelopes(height, leafHashes)));

        public async Task<BlockRangeResponse?> RequestBlocksAsync(
            string from, ulong firstHeight, int count, CancellationToken cancellation) => network.Blocks(department, from, firstHeight) is { } told
            ? await told
            : await network.Passes(firstHeight, await AskAsync(from, h =>
            {
                BlockRangeResponse answer = h.ReadBlocks(firstHeight, count);
                if (!network.GivesBlocks(department, firstHeight))
                {
                    answer.Blocks.Clear();
                    answer.WholeFrom = firstHeight + 1;
                }
                return answer;
            }));

        public Task<SnapshotResponse?> RequestSnapshotAsync(
            string from, SnapshotRequest request, CancellationToken cancellation) =>
            AskAsync(from, h =>
            {
                SnapshotResponse answer = h.ReadSnapshot(request);
                answer.Height = request.Height;
                return answer;
            });

        public async ValueTask DisposeAsync()
        {
            network._endpoints.TryRemove(new KeyValuePair<string, Endpoint>(department, this));
            _inbox.Writer.TryComplete();
            await _pump;
        }

        private Endpoint? Find(string to) => Others.FirstOrDefault(o => o.Department == to);

        private Task<T?> AskAsync<T>(string from, Func<IPeerHandler, T> question)
            where T : class
        {
            var answer = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Find(from) is not { } other || !other.Post(h => answer.SetResult(question(h))))
                answer.SetResult(null);
            return answer.Task;
        }

        private bool Post(Action<IPeerHandler> frame) => _inbox.Writer.TryWrite(frame);

        private async Task PumpAsync()
        {
            await foreach (Action<IPeerHandler> frame in _inbox.Reader.ReadAllAsync())
                frame(_handler!);
        }
    }
}
