using System.Collections.Concurrent;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Benching;
using GovChain.Node.Consensus;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Node.Snapshots;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Tests.Unit.Node.Snapshots;

/// <summary>
/// A ledger whose blocks lie two seconds apart, under an expiry horizon of a minute, with a snapshot of it at the tip; and
/// peers that give parts of it as a test has them.
/// </summary>
internal sealed class SnapshotBed : IDisposable
{
    private const ulong ValidMs = 30_000;

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-snapshot-").FullName;
    private readonly DataDirectory _directory;
    private readonly LedgerStore _store;
    private readonly SnapshotShelf _shelf = new(new StandingClock());
    private readonly GeneratedLedger _generated;
    private readonly PlatformSignatureVerifier _verifier = new();

    /// <param name="blocks">Blocks.</param>
    /// <param name="records">Records in each.</param>
    /// <param name="changes">Whether the validators change: a department joins and leaves again, so that the set is the
    /// founders' once more, and later, within the horizon, the last founder votes with another key.</param>
    public SnapshotBed(int blocks, int records = 6, bool changes = false)
    {
        ulong begin = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        _directory = DataDirectory.Open(Path.Combine(_root, "source"), Ledger.Genesis.ChainId);
        _store = LedgerStore.Open(_directory);
        Dictionary<int, (MembershipChange Change, ISigner? NewKey)> changing = changes ? Changes(blocks) : [];
        GeneratedLedger generated = _generated = new GeneratedLedger(Ledger.Genesis, Ledger.Validators);
        Ledger.BeginMs = begin;
        generated.Append(_store, begin, [Ledger.DefineType(ValidMs), Ledger.EnrolClerk(ValidMs)]);
        for (int i = 1; i < blocks; i++)
        {
            ulong ms = begin + 2_000 * (ulong)i;
            Ledger.BeginMs = ms;
            int block = i;
            IEnumerable<ReadOnlyMemory<byte>> envelopes = Enumerable.Range(0, records).Select(r => r == 0 && block > 1
                ? (ReadOnlyMemory<byte>)Ledger.Change("amended", (ulong)block - 2, $"{block}", ValidMs)
                : Ledger.Change($"L-{block}-{r}", 0, $"{block}", ValidMs));
            if (changing.TryGetValue(block + 1, out (MembershipChange Change, ISigner? NewKey) change))
                envelopes = envelopes.Append(Ledger.ChangeMembership(change.Change, change.NewKey, ValidMs));
            generated.Append(_store, ms, envelopes);
        }
        Ledger.BeginMs = null;
        Head = new LedgerHead(_store);
        Server = new SnapshotServer(_shelf, Head);
    }

    public TestLedger Ledger { get; } = new(departments: 4, p => p.ExpiryHorizonMs = 60_000);

    public LedgerHead Head { get; private set; }

    public SnapshotServer Server { get; private set; }

    public SnapshotShelf Shelf => _shelf;

    public ISignatureVerifier Verifier => _verifier;

    public ulong Tip => Head.Tip.Height;

    public string PathOf(string name) => Path.Combine(_root, name);

    /// <summary>A certificate by the keys of a set, which need not be the one that acts.</summary>
    public Certificate Certify(BlockHeader header, ValidatorSet set)
    {
        Digest digest = new Vote(VoteType.Commit, header.ChainId, header.Epoch, header.Height, 0, header.Hash).SigningDigest();
        return new Certificate(VoteType.Commit, header.Epoch, header.Height, 0, header.Hash,
        [
            .. set.Members.Select((v, i) => (Index: (ushort)i, Signer: Ledger.Validators.First(s => s.PublicKey == v.Key)))
                .Take(set.QuorumSize).Select(v => new ValidatorSignature(v.Index, v.Signer.Sign(digest))),
        ]);
    }

    private Dictionary<int, (MembershipChange, ISigner?)> Changes(int blocks)
    {
        PlatformSigner guest = Ledger.AddValidator(), renewed = Ledger.RenewValidatorOf(3);
        MembershipChange Of(MembershipKind kind, int department, ulong epoch, ISigner? key) => new()
        {
            Kind = (uint)kind,
            Department = TestLedger.DepartmentId(department),
            Epoch = epoch,
            ValidatorKey = key is null ? ByteString.Empty : ByteString.CopyFrom(key.PublicKey.Span),
        };
        MembershipChange admit = Of(MembershipKind.Admit, 4, 0, guest);
        admit.Names.Add(new LocalizedText { Language = "en", Text = "Guest" });
        admit.Endpoint = "localhost:7004";
        admit.Administrators.Add(new FirstAdministrator
        {
            OfficerId = "admin",
            PublicKey = ByteString.CopyFrom(Ledger.AddValidator().PublicKey.Span),
        });
        return new()
        {
            [10] = (admit, guest),
            [20] = (Of(MembershipKind.Remove, 4, 1, null), null),
            [blocks - 10] = (Of(MembershipKind.ReplaceKey, 3, 2, renewed), renewed),
        };
    }

    /// <summary>The ledger as it is after so many blocks more, without transactions that matter.</summary>
    public LedgerHead Extend(int blocks, ulong spacingMs = 1)
    {
        Append(_store, blocks, spacingMs);
        Head = new LedgerHead(_store);
        Server = new SnapshotServer(_shelf, Head);
        return Head;
    }

    /// <summary>Puts blocks after the newest of a ledger, which may be a copy of this one.</summary>
    public void Append(LedgerStore store, int blocks, ulong spacingMs)
    {
        for (int i = 0; i < blocks; i++)
        {
            ulong ms = store.Current.Tip.TimestampMs + spacingMs;
            Ledger.BeginMs = ms;
            _generated.Append(store, ms, [Ledger.Change($"X-{ms}", 0, "{}", ValidMs)]);
        }
        Ledger.BeginMs = null;
    }

    /// <summary>Blocks as a node gives them.</summary>
    public BlockRangeResponse Blocks(ulong first, int count)
    {
        using LedgerSnapshot view = Head.OpenSnapshot();
        var response = new BlockRangeResponse { FirstHeight = first, TipHeight = view.TipHeight };
        for (ulong height = first; height <= view.TipHeight && response.Blocks.Count < count; height++)
        {
            Core.Verification.StoredBlock stored = view.GetBlock(height);
            var block = new SyncedBlock
            {
                Header = ByteString.CopyFrom(stored.Header.ToBytes()),
                Certificate = ByteString.CopyFrom(stored.Certificate!.ToBytes()),
            };
            block.Envelopes.AddRange(stored.Leaves.Select(static l => ByteString.CopyFrom(l.Span)));
            response.Blocks.Add(block);
        }
        return response;
    }

    /// <summary>Copies the ledger, with a journal that says so, for a node to start on.</summary>
    public void CopyTo(string path)
    {
        using LedgerCheckpoint copy = _store.CreateCheckpoint();
        foreach (string file in Directory.EnumerateFiles(copy.Root, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(path, Path.GetRelativePath(copy.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        File.Delete(Path.Combine(path, "restored"));
        using DataDirectory directory = DataDirectory.Open(path, Ledger.Genesis.ChainId);
        GeneratedLedger.WriteJournal(directory, Head.Tip);
    }

    public void Dispose()
    {
        _shelf.Dispose();
        _store.Dispose();
        _directory.Dispose();
        _verifier.Dispose();
        Ledger.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>However long a test takes, the snapshot is held.</summary>
    private sealed class StandingClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}

/// <summary>Three other departments, each as honest as a test wants it.</summary>
internal sealed class ScriptedPeers : IPeerNetwork
{
    private readonly SnapshotBed _bed;
    private readonly Dictionary<string, Func<SnapshotRequest, SnapshotResponse, SnapshotResponse?>> _parts = [];
    private readonly Dictionary<string, Func<ulong, BlockRangeResponse, BlockRangeResponse?>> _blocks = [];
    private readonly ConcurrentDictionary<int, bool> _disconnected = [];

    public ScriptedPeers(SnapshotBed bed) => _bed = bed;

    /// <summary>Parts of snapshots that a department was asked for.</summary>
    public Dictionary<string, int> Asked { get; } = [];

    /// <summary>Told of every question.</summary>
    public Action OnRequest { get; init; } = static () => { };

    /// <summary>What a department waits for before it says which snapshots it holds.</summary>
    public Func<string, Task> Before { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Departments 1 to 3; the node that fetches is 0.</summary>
    public IReadOnlyList<PeerConnection> Connections => [.. Enumerable.Range(1, 3).Select(
        i => new PeerConnection(TestLedger.DepartmentId(i), "test", !_disconnected.ContainsKey(i), "", 0))];

    /// <summary>Its stream ends.</summary>
    public void Disconnect(int department) => _disconnected[department] = true;

    /// <summary>It is there again.</summary>
    public void Connect(int department) => _disconnected.TryRemove(department, out _);

    /// <summary>Changes what a department answers; null for no answer.</summary>
    public void Twist(int department, Func<SnapshotRequest, SnapshotResponse, SnapshotResponse?> twist) =>
        _parts[TestLedger.DepartmentId(department)] = twist;

    /// <summary>Changes what blocks a department gives.</summary>
    public void TwistBlocks(int department, Func<ulong, BlockRangeResponse, BlockRangeResponse?> twist) =>
        _blocks[TestLedger.DepartmentId(department)] = twist;

    public async Task<SnapshotResponse?> RequestSnapshotAsync(
        string department, SnapshotRequest request, CancellationToken cancellation)
    {
        await Task.Yield();
        await Before(department).WaitAsync(cancellation);
        OnRequest();
        if (request.PartCase != SnapshotRequest.PartOneofCase.None)
            Asked[department] = Asked.GetValueOrDefault(department) + 1;
        // As it goes over the wire.
        SnapshotResponse answer = SnapshotResponse.Parser.ParseFrom(_bed.Server.Answer(request).ToByteArray());
        answer.Height = request.Height;
        return _parts.TryGetValue(department, out var twist) ? twist(request, answer) : answer;
    }

    public async Task<BlockRangeResponse?> RequestBlocksAsync(
        string department, ulong firstHeight, int count, CancellationToken cancellation)
    {
        await Task.Yield();
        OnRequest();
        BlockRangeResponse answer = _bed.Blocks(firstHeight, count);
        return _blocks.TryGetValue(department, out var twist) ? twist(firstHeight, answer) : answer;
    }

    public void SendConsensus(string department, ReadOnlyMemory<byte> message)
    {
    }

    public void BroadcastConsensus(ReadOnlyMemory<byte> message)
    {
    }

    public void SendGossip(string department, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
    }

    public void BroadcastGossip(IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
    }

    /// <summary>Nobody has them.</summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>?> RequestEnvelopesAsync(
        string department, ulong height, ReadOnlyMemory<byte> leafHashes, CancellationToken cancellation)
    {
        await Task.Yield();
        OnRequest();
        return null;
    }
}
