using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Auditing;
using GovChain.Node.Benching;
using GovChain.Node.Consensus;
using GovChain.Node.Snapshots;
using GovChain.Node.Sync;
using GovChain.Storage;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node.Damage;

/// <summary>How far the putting in place of a snapshot came before the node was stopped.</summary>
public enum InstallState
{
    /// <summary>It waits in <c>install/</c>, and the old ledger stands in its place.</summary>
    Waiting,

    /// <summary>The old ledger is out of its place, the new one not in it yet.</summary>
    HalfMoved,

    /// <summary>It is in place, the old ledger beside it, and the vote journal does not say so yet.</summary>
    JustInstalled,
}

/// <summary>
/// The directory of a stopped node whose ledger a snapshot carries on, in each of the states that a crash can leave; an older
/// ledger with its journal was there before, and an older copy of the mark lies beside.
/// </summary>
internal sealed class SnapshotDamageBed : IDisposable
{
    private const int OldBlocks = 36, NewBlocks = 24;

    private readonly string _root = Directory.CreateTempSubdirectory("govchain-damage-snapshot-").FullName;
    private readonly SnapshotBed _bed = new(OldBlocks, records: 2);

    public string Sound => Path.Combine(_root, "sound");

    public Genesis Genesis => _bed.Ledger.Genesis;

    /// <summary>The newest block of the ledger that the snapshot carries on.</summary>
    public const ulong OldTip = OldBlocks;

    public ulong Tip => _bed.Tip;

    public static async Task<SnapshotDamageBed> MakeAsync()
    {
        var bed = new SnapshotDamageBed();
        await bed.FetchAsync();
        return bed;
    }

    public BlockHeader HeaderAt(ulong height)
    {
        using LedgerSnapshot view = _bed.Head.OpenSnapshot();
        return view.GetHeader(height);
    }

    public static IEnumerable<string> FilesOf(string directory) => DamageBed.FilesOf(directory);

    /// <summary>A copy of a damaged directory, to start a node's storage on.</summary>
    public string CopyAgain(string directory) => Copy(directory, "again");

    /// <summary>A copy of the directory in a state, to be damaged.</summary>
    public string CopyOut(InstallState state)
    {
        string copy = Copy(Sound, "copy");
        if (state == InstallState.HalfMoved)
        {
            File.Move(Path.Combine(copy, "install", "advanced"), Path.Combine(copy, "advanced"));
            Directory.Move(Path.Combine(copy, "ledger"), Path.Combine(copy, "ledger.outrun"));
        }
        else if (state == InstallState.JustInstalled)
            DataDirectory.Open(copy, Genesis.ChainId).Dispose();
        return copy;
    }

    public Task<AuditReport> AuditAsync(string directory) =>
        DirectoryAudit.RunAsync(directory, null, new GenesisFile(Genesis, []), export: null, progress: null, CancellationToken.None);

    public void Dispose()
    {
        _bed.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private string Copy(string directory, string name)
    {
        string copy = Path.Combine(_root, name);
        if (Directory.Exists(copy))
            Directory.Delete(copy, recursive: true);
        DamageBed.Copy(directory, copy);
        return copy;
    }

    private async Task FetchAsync()
    {
        _bed.CopyTo(Sound);
        BlockHeader old = _bed.Head.Tip;
        _bed.Extend(NewBlocks);
        var scripted = new ScriptedPeers(_bed);
        var peers = new SnapshotPeers(new LedgerSources(Genesis.Validators, scripted), scripted, new PeerProgress(), TimeProvider.System);
        Assert.That(await peers.FindAsync(0, CancellationToken.None), Is.EqualTo(Tip));
        using DataDirectory directory = DataDirectory.Open(Sound, Genesis.ChainId);
        using LedgerAssembly assembly = LedgerAssembly.Create(directory);
        Assert.That(await new SnapshotFetch(Genesis, new ValidatorHistory(Genesis.Validators, null), _bed.Verifier, peers, assembly, Tip).RunAsync(CancellationToken.None), Is.Null);
        assembly.Complete(new DurableTip(old.Height, old.Hash));
    }
}
