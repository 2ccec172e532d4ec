using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Node.Consensus;
using GovChain.Storage;
using FileCondition = GovChain.Storage.JournalCondition;
using JournalCondition = GovChain.Consensus.JournalCondition;

namespace GovChain.Tests.Simulation;

/// <content>The vote journal, and what dying does to it.</content>
internal sealed partial class SimulatedNode
{
    // In production eight megabytes: a run of a few seconds would never prune.
    private const long PruneBytesMin = 2_048;

    private readonly List<(ulong Index, Action Action)> _held = [];
    private readonly List<(ulong Index, byte[] Record)> _unsynced = [];
    private VoteJournal? _journal;
    private ulong _durable;
    private ulong _noted;
    private ulong _lastMark;
    private bool _syncing;
    private DiskCopy? _copy;
    private bool _isMarked; // the file 'restored' of production: durable, until the journal says that the node abstains

    /// <summary>The newest record that no crash can lose.</summary>
    public ulong DurableRecord => _durable;

    /// <summary>The power goes, or the process is killed; most come back after a while.</summary>
    public void Crash(FaultKind cause = FaultKind.Crash)
    {
        if (!IsUp)
            return;
        _stage.Faults.Add(cause);
        _stage.Trace(Slot, 5, []);
        FailInsideWriteByChance();
        _stage.Chart?.Event(this, 'C', $"dies ({FaultCounts.NameOf(cause)})");
        _stage.Invariants.OnForgot(this);
        Core = null;
        _incarnation++;
        _crashAfterEffects = -1;
        FinishStoringByChance();
        Disk.Crash();
        if (Kind == NodeKind.Forgetful)
            SpoilDisk();
        _known = new BlockSources<int>();
        ForgetMemory();
        _stage.Died(this);
    }

    /// <summary>The journal as the core takes it, or null if the disk failed.</summary>
    private JournalContents? OpenJournal()
    {
        try
        {
            JournalOpening opening = VoteJournal.Open(Disk, _stage.Chain.ChainId, PruneBytesMin);
            _journal = opening.Journal;
            bool marked = _isMarked;
            if (_journal is not null)
            {
                _durable = _journal.DurableIndex;
                List<byte[]> records = ReadRecords(opening.Records);
                _stage.Invariants.OnOpened(this, records, _advanced?.From.Height);
                CarryOn(records);
                _durable = _noted = _journal.DurableIndex;
                return new JournalContents(JournalCondition.Sound, records, _journal.NextIndex, marked);
            }
            JournalCondition condition = JournalCondition.Missing;
            if (opening.Condition == FileCondition.DamagedInterior)
            {
                condition = JournalCondition.Damaged;
                Disk.PutBack(null);
            }
            _stage.Invariants.OnOpened(this, [], _advanced?.From.Height);
            _isMarked |= condition == JournalCondition.Damaged || Ledger.Height > 0;
            _journal = VoteJournal.Create(Disk, _stage.Chain.ChainId, _stage.Rng.Next(), PruneBytesMin);
            _durable = _noted = 0;
            _advanced = null;
            return new JournalContents(condition, [], _journal.NextIndex, marked);
        }
        catch (StorageException)
        {
            if (Disk.HasNoPower)
                _stage.Faults.Add(FaultKind.CrashInDisk);
            _stage.Chart?.Event(this, 'C', "dies while it opens its journal");
            Disk.Crash();
            return null;
        }
    }

    /// <summary>The core's records; the bodies beside them are held again.</summary>
    private List<byte[]> ReadRecords(IReadOnlyList<Storage.JournalRecord> journal)
    {
        var records = new List<byte[]>(journal.Count);
        foreach (Storage.JournalRecord entry in journal)
        {
            JournalFrame frame = JournalFrame.TryDecode(entry.Payload)
                ?? throw new InvariantException("journal", $"node {Index} cannot read its record {entry.Index}");
            byte[] record = frame.Record.ToArray();
            records.Add(record);
            if (frame.Height > Ledger.Height)
                Recover(frame.Envelopes);
            if (entry.Index > _noted)
                _stage.Invariants.OnDurable(this, record);
        }
        _noted = _durable;
        return records;
    }

    private void Recover(IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
    {
        foreach ((_, VerifiedTransaction? verified) in new EnvelopesFrame(envelopes).Read(_stage))
            Hold(verified ?? throw new InvariantException("journal", $"node {Index} journalled an invalid body"));
    }

    private void Append(AppendJournal e)
    {
        _stage.Trace(Slot, 2, e.Record);
        _stage.Chart?.Appended(this, e);
        _stage.Invariants.OnAppended(this, e.Record);
        if (JournalCodec.TryDecode(e.Record) is StoredMark)
            _lastMark = e.Index;
        byte[] frame = e.Bodies is { } named
            ? JournalFrame.Encode(e.Record, named.Header.Height, _executed[named.Hash].Transactions)
            : JournalFrame.Encode(e.Record);
        ulong index = _journal!.Append(frame);
        if (index != e.Index)
            throw new InvariantException("journal", $"node {Index} is at record {index}, its core at {e.Index}");
        _unsynced.Add((e.Index, e.Record));
        _stage.OnAppended(this, e.Index);
        if (IsUp)
            SyncLater();
    }

    private void SyncLater()
    {
        if (_syncing)
            return;
        _syncing = true;
        Later(_stage.Duration(Work.Sync), () =>
        {
            _syncing = false;
            if (TryDisk(_journal!.Sync))
                Release();
        });
    }

    private void Prune(ulong below)
    {
        if (_journal is not null)
            TryDisk(() => _journal.PruneBelow(Math.Min(below, _durable)));
    }

    /// <summary>An error of the disk stops the process; it is started again.</summary>
    private bool TryDisk(Action operation)
    {
        try
        {
            operation();
        }
        catch (StorageException)
        {
            Crash(Disk.HasNoPower ? FaultKind.CrashInDisk : FaultKind.Crash);
            return false;
        }
        return true;
    }

    private void WhenDurable(ulong index, Action action)
    {
        if (index <= _durable)
            action();
        else
            _held.Add((index, action));
    }

    /// <summary>All that was appended is durable: what waited for it goes out, in the order in which it was asked for.
    /// </summary>
    private void Release()
    {
        _durable = _journal!.DurableIndex;
        _isMarked = false;
        foreach ((ulong index, byte[] record) in _unsynced)
        {
            _noted = Math.Max(_noted, index);
            _stage.Invariants.OnDurable(this, record);
        }
        _unsynced.Clear();
        _stage.OnSynced(this);
        while (IsUp && _held.FindIndex(h => h.Index <= _durable) is >= 0 and int next)
        {
            Action action = _held[next].Action;
            _held.RemoveAt(next);
            action();
        }
    }

    /// <summary>What was staged may have been on its way to the medium when the power went.</summary>
    private void FailInsideWriteByChance()
    {
        if (_journal is null || _unsynced.Count == 0 || Disk.HasNoPower || !_stage.Rng.Chance(500))
            return;
        Disk.PowerFailsIn = 1; // the write is done, its sync is not
        try
        {
            _journal.Sync();
        }
        catch (StorageException)
        {
        }
    }

    private void ForgetMemory()
    {
        _inputs.Clear();
        _held.Clear();
        _unsynced.Clear();
        _syncing = false;
        _timer = default;
        _journal = null;
        _lastMark = 0;
        _searching.Clear();
        ForgetBlocks();
    }

    private void CopyDiskByChance()
    {
        if (Kind == NodeKind.Forgetful && _stage.Rng.Chance(300))
        {
            _copy = new DiskCopy(
                Disk.Copy(), Ledger.Height, _stage.Scenario.Snapshots ? Ledger.Copy() : null, _install, _advanced);
        }
    }

    /// <summary>What a forgetful node's disk does while it is down.</summary>
    private void SpoilDisk()
    {
        FaultKind kind = (FaultKind)_stage.Rng.Between((int)FaultKind.BitRot, (int)FaultKind.DiskRolledBack);
        if (!_stage.Scenario.Has(kind) || (_copy is null && kind is FaultKind.JournalRolledBack or FaultKind.DiskRolledBack))
            return;
        IsUnawareOfLoss = true;
        _stage.Chart?.Event(this, 'D', FaultCounts.NameOf(kind));
        if (kind == FaultKind.BitRot)
        {
            Disk.Rot();
            return;
        }
        _stage.Faults.Add(kind);
        bool isLost = kind is FaultKind.JournalLost or FaultKind.DiskLost;
        Disk.PutBack(isLost ? null : _copy!.Journal);
        if (kind is not (FaultKind.DiskLost or FaultKind.DiskRolledBack))
            return;
        (_install, _advanced) = isLost ? (null, null) : (_copy!.Install, _copy.Advanced);
        if (isLost)
            Ledger.Clear();
        else if (_copy!.Ledger is { } ledger)
            Ledger.PutBack(ledger);
        else
            Ledger.RollBack(Math.Min(_copy.Height, Ledger.Height));
    }

    /// <summary>What a disk held some time ago.</summary>
    private sealed record DiskCopy(
        byte[]? Journal, ulong Height, SimulatedLedger? Ledger, (SimulatedAssembly Ledger, BlockHeader From)? Install,
        (BlockHeader From, BlockHeader To)? Advanced);
}
