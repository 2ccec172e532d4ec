namespace GovChain.Storage;

/// <content>What needs RocksDB, which a build of journal and directory alone does without.</content>
internal sealed partial class SnapshotInstall
{
    partial void RequireLedger(DataDirectory directory)
    {
        string path = Directory.Exists(At(Folder, Ledger)) ? At(Folder, Ledger) : At(Ledger);
        DurableTip? expected = ReadTip(At(Folder, Tip)), found;
        try
        {
            LedgerDatabase database = LedgerDatabase.Open(path, create: false, readOnly: true, new LedgerOptions());
            try
            {
                PublishedLedger? ledger = LedgerOpening.Verify(directory, database, tip: null, besideWriter: false);
                found = ledger is null ? null : new DurableTip(ledger.Tip.Height, ledger.Tip.Hash);
                ledger?.RemoveUser();
            }
            finally
            {
                database.RemoveUser();
            }
        }
        catch (StorageException e) when (e.Error == StorageError.Damaged)
        {
            throw Refusal(path, e.What);
        }
        if (found != expected)
            throw Refusal(path, $"its ledger ends at {Explain(found)}, its tip says {Explain(expected)}.");
    }
}
