using GovChain.Consensus;

namespace GovChain.Tests.Simulation;

/// <summary>One record with the bodies that must be durable with it.</summary>
internal sealed record JournalEntry(ulong Index, byte[] Record, IReadOnlyList<SimTransaction> Bodies);

/// <summary>
/// The vote journal on a simulated disk: what was appended is lost in a crash from some point of the unsynced suffix on,
/// a torn record being as good as lost.
/// </summary>
internal sealed class SimulatedJournal
{
    private readonly List<JournalEntry> _entries = [];
    private ulong _durable;

    public bool Exists { get; private set; }

    public bool Damaged { get; private set; }

    /// <summary>The newest record that no crash can lose.</summary>
    public ulong Durable => _durable;

    public ulong Last { get; private set; }

    public IReadOnlyList<JournalEntry> Entries => _entries;

    public void Append(JournalEntry entry)
    {
        if (entry.Index != Last + 1)
            throw new InvariantException("journal", $"record {entry.Index} appended after {Last}");
        Exists = true;
        Last = entry.Index;
        _entries.Add(entry);
    }

    public void SyncedUpTo(ulong index) => _durable = Math.Max(_durable, index);

    public void Prune(ulong below) => _entries.RemoveAll(e => e.Index < below && e.Index <= _durable);

    /// <summary>Some of the unsynced records are lost, from one on.</summary>
    public int Crash(Prng prng)
    {
        int unsynced = _entries.Count(e => e.Index > _durable);
        int lost = unsynced == 0 ? 0 : prng.Below(unsynced + 1);
        _entries.RemoveRange(_entries.Count - lost, lost);
        Last -= (ulong)lost;
        _durable = Last;
        return lost;
    }

    /// <summary>The file is gone.</summary>
    public void Wipe()
    {
        _entries.Clear();
        Exists = false;
    }

    /// <summary>A record before the end cannot be read any more.</summary>
    public void DamageInterior() => Damaged = true;

    /// <summary>The file of some time ago was put back.</summary>
    public void RollBack(int records)
    {
        int lost = Math.Min(records, _entries.Count);
        _entries.RemoveRange(_entries.Count - lost, lost);
        Last -= (ulong)lost;
        _durable = Last;
    }

    public JournalContents Open()
    {
        JournalCondition condition = !Exists ? JournalCondition.Missing
            : Damaged ? JournalCondition.Damaged : JournalCondition.Sound;
        Damaged = false;
        Exists = true;
        return new JournalContents(condition, [.. _entries.Select(e => e.Record)], Last + 1);
    }
}

/// <summary>The protocol, or the code under test, broke a promise.</summary>
internal sealed class InvariantException(string invariant, string what) : Exception($"{invariant}: {what}")
{
    public string Invariant { get; } = invariant;
}
