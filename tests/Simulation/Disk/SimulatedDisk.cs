using GovChain.Storage;

namespace GovChain.Tests.Simulation;

/// <summary>
/// The directory of a vote journal with the promises that a file system gives and no others: content is durable when
/// the file was synced, a name when the directory was. What was not synced is, after a crash, there, gone or torn.
/// </summary>
internal sealed class SimulatedDisk(Prng rng, Scenario? scenario, FaultCounts faults) : IJournalFiles
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

    /// <summary>A file: what is on the medium, and what was written since.</summary>
    private sealed class SimulatedFile(SimulatedDisk disk, byte[]? durable = null) : IJournalFile
    {
        private const int SectorBytes = 512;

        private readonly List<byte> _content = [.. durable ?? []];
        private byte[] _durable = durable ?? [];

        public long Length => _content.Count;

        public byte[] Content() => [.. _content];

        public int Read(Span<byte> destination, long offset)
        {
            int length = (int)Math.Min(destination.Length, Math.Max(0, _content.Count - offset));
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_content).Slice((int)offset, length)
                .CopyTo(destination);
            return length;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            disk.Operate();
            if (disk.Failing is FaultKind.WriteError or FaultKind.DiskFull)
            {
                FaultKind failing = disk.Failing.Value;
                disk.Failing = null;
                disk.Count(failing);
                Put(bytes[..disk.Draw(bytes.Length + 1)], offset);
                throw new IOException(failing == FaultKind.DiskFull ? "No space left on device." : "Input/output error.");
            }
            Put(bytes, offset);
        }

        public void Truncate(long length)
        {
            disk.Operate();
            _content.RemoveRange((int)length, _content.Count - (int)length);
        }

        public void Sync()
        {
            disk.Operate();
            if (disk.Failing == FaultKind.SyncError)
            {
                disk.Failing = null;
                disk.Count(FaultKind.SyncError);
                // The system forgets what it could not write: no later sync brings it to the medium.
                Crash();
                throw new IOException("Input/output error.");
            }
            _durable = [.. _content];
        }

        /// <summary>Each unsynced sector, and the new length, is on the medium or not.</summary>
        public void Crash()
        {
            if (_content.Count == _durable.Length && _content.SequenceEqual(_durable))
                return;
            byte[] written = [.. _content];
            int fate = disk.Draw(3);
            bool torn = fate == 1 && disk.Allows(FaultKind.TornWrite);
            bool lost = fate == 2 && disk.Allows(FaultKind.UnsyncedLost);
            if (torn)
            {
                disk.Count(FaultKind.TornWrite);
                written = Tear(written);
            }
            else if (lost)
            {
                disk.Count(FaultKind.UnsyncedLost);
                written = _durable;
            }
            _durable = written;
            _content.Clear();
            _content.AddRange(written);
        }

        public void Rot()
        {
            if (_content.Count == 0)
                return;
            disk.Count(FaultKind.BitRot);
            _content[disk.Draw(_content.Count)] ^= (byte)(1 << disk.Draw(8));
            _durable = [.. _content];
        }

        public void Dispose()
        {
        }

        private byte[] Tear(byte[] written)
        {
            int length = Math.Min(_durable.Length, written.Length)
                + disk.Draw(Math.Abs(written.Length - _durable.Length) + 1);
            byte[] torn = new byte[length];
            _durable.AsSpan(0, Math.Min(length, _durable.Length)).CopyTo(torn);
            for (int at = 0; at < length; at += SectorBytes)
            {
                int size = Math.Min(SectorBytes, Math.Min(length, written.Length) - at);
                if (size > 0 && disk.Draw(2) == 0)
                    written.AsSpan(at, size).CopyTo(torn.AsSpan(at));
            }
            return torn;
        }

        private void Put(ReadOnlySpan<byte> bytes, long offset)
        {
            int end = (int)offset + bytes.Length;
            if (end > _content.Count)
                System.Runtime.InteropServices.CollectionsMarshal.SetCount(_content, end);
            bytes.CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_content)[(int)offset..]);
        }
    }

    private int Draw(int bound) => rng.Below(bound);
}
