using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Storage;
using GovChain.Tests.Unit.Storage;

namespace GovChain.Tests.Faults;

/// <summary>
/// What a node does to its disk that is far behind: it has a ledger, puts another one together out of a snapshot, and opens
/// the directory again, which puts that one in its place.
/// </summary>
/// <param name="path">The data directory.</param>
/// <param name="source">The data directory of a node at <see cref="NewHeight"/>, which nobody writes to.</param>
internal sealed class InstallWorkload(string path, string source, Script script, Action<string> acknowledge)
{
    public const ulong OldHeight = 2, BaseHeight = 4, NewHeight = 8;

    /// <summary>Goes on from whatever it finds until the snapshot is in place.</summary>
    /// <exception cref="StorageException">The layer stopped.</exception>
    public void Run()
    {
        new Workload(path, script, acknowledge).Run(OldHeight);
        if (Tip() < NewHeight)
            Assemble();
        acknowledge($"block {Tip()}");
    }

    private ulong Tip()
    {
        using DataDirectory directory = DataDirectory.Open(path, script.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory, Workload.Options);
        return store.Current.TipHeight;
    }

    private void Assemble()
    {
        using DataDirectory from = DataDirectory.OpenReadOnly(source);
        using LedgerStore there = LedgerStore.OpenReadOnly(from);
        using LedgerSnapshot view = there.OpenSnapshot();
        using DataDirectory directory = DataDirectory.Open(path, script.Genesis.ChainId);
        using LedgerAssembly assembly = LedgerAssembly.Create(directory);
        acknowledge("assembly 0");
        assembly.Put(view.ScanPages().Select(static p => (p.Id, p.Bytes.ToArray())));
        assembly.Put(view.ScanStates());
        if (!assembly.Begin(script.Genesis.Block.Header, view.GetHeader(BaseHeight), SnapshotEdge.Of(view, BaseHeight)))
            throw new PromiseBrokenException("the log's edge is not the one that the source has");
        var blocks = new List<SealedBlock>();
        foreach (ScriptBlock block in script.Blocks.Skip((int)BaseHeight).Take((int)(NewHeight - BaseHeight)))
            blocks.Add(Seal(assembly.Log!, block));
        assembly.Put(blocks);
        assembly.Complete(new DurableTip(OldHeight, script.HashAt(OldHeight)));
        acknowledge($"snapshot {NewHeight}");
    }

    private SealedBlock Seal(LogTip log, ScriptBlock block)
    {
        Transaction[] transactions = [.. block.Envelopes.Select(e => TransactionDecoder.TryDecode(e, script.Genesis.ChainId, out _)!)];
        SealedBlock good = SealedBlock.TrySeal(log.Header, log.Frontier, log, block.Header, block.Certificate, transactions, out BlockFailure? failure)
            ?? throw new PromiseBrokenException($"the script's block does not follow: {failure}");
        log.Advance(good);
        return good;
    }
}
