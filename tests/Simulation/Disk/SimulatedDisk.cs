using GovChain.Storage;

namespace GovChain.Tests.Simulation;

/// <summary>
/// The directory of a vote journal with the promises that a file system gives and no others: content is durable when
/// the file was synced, a name when the directory was. What was not synced is, after a crash, there, gone or torn.
/// </summary>
internal sealed partial class SimulatedDisk(Prng rng, Scenario? scenario, FaultCounts faults) : IJournalFiles
{
    private SimulatedFile? _current;
    private SimulatedFile? _durable;
    private SimulatedFile? _next;

    /// <summary>The power fails at the so-many-th operation from now on; -1: it does not.</summary>
    public int PowerFailsIn { get; set; } = -1;

    /// <summary>What the next write or sync fails with; null: it does not.</summary>
    public FaultKind? Failing { get; set; }

    /// <summary>The power failed inside an operation.</summary>
    public bool HasNoPower { get; private set; }

    public string Path => "votes";

    public bool Exists => _current is not null;

    /// <summary>Bytes of the journal's file.</summary>
    public long Bytes => _current?.Length ?? 0;

    public IJournalFile Open() => _current ?? throw new FileNotFoundException("No journal.");

    public IJournalFile CreateNext()
    {
        Operate();
        return _next = new SimulatedFile(this);
    }

    public void RenameNext()
    {
        Operate();
        _current = _next ?? throw new FileNotFoundException("No next journal.");
        _next = null;
    }

    public void SyncNames()
    {
        Operate();
        _durable = _current;
    }

    /// <summary>The machine loses its power and comes back: what was not synced is as it happens to be.</summary>
    public void Crash()
    {
        PowerFailsIn = -1;
        Failing = null;
        HasNoPower = false;
        _next = null;
        if (_current != _durable && Allows(FaultKind.RenameRolledBack) && rng.Chance(500))
        {
            Count(FaultKind.RenameRolledBack);
            _current = _durable;
        }
        _durable = _current;
        _current?.Crash();
    }

    /// <summary>The journal's bytes, to be put back some day; null when there is no journal.</summary>
    public byte[]? Copy() => _current?.Content();

    /// <summary>The journal is what it was when the copy was made.</summary>
    public void PutBack(byte[]? copy)
    {
        _current = _durable = copy is null ? null : new SimulatedFile(this, copy);
        _next = null;
    }

    /// <summary>One bit of the journal flips.</summary>
    public void Rot() => _current?.Rot();

    /// <summary>One operation of the system: it may be the last.</summary>
    private void Operate()
    {
        if (HasNoPower || PowerFailsIn == 0)
        {
            HasNoPower = true;
            throw new IOException("The power failed.");
        }
        if (PowerFailsIn > 0)
            PowerFailsIn--;
    }

    private bool Allows(FaultKind kind) => scenario?.Has(kind) ?? true;

    private void Count(FaultKind kind) => faults.Add(kind);

    private int Draw(int bound) => rng.Below(bound);
}
