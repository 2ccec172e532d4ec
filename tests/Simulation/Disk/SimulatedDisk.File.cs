using System.Runtime.InteropServices;
using GovChain.Storage;

namespace GovChain.Tests.Simulation;

/// <content>A file: its content, and what of it was written since the last sync.</content>
internal sealed partial class SimulatedDisk
{
    private sealed class SimulatedFile(SimulatedDisk disk, byte[]? durable = null) : IJournalFile
    {
        private const int SectorBytes = 512;

        private readonly List<byte> _content = [.. durable ?? []];
        private readonly Stack<(int Offset, byte[] Before)> _overwritten = [];
        private int _durableLength = durable?.Length ?? 0;
        private bool _isDirty;

        public long Length => _content.Count;

        public byte[] Content() => [.. _content];

        public int Read(Span<byte> destination, long offset)
        {
            int length = (int)Math.Min(destination.Length, Math.Max(0, _content.Count - offset));
            CollectionsMarshal.AsSpan(_content).Slice((int)offset, length).CopyTo(destination);
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
                Put(bytes[..disk.Draw(bytes.Length + 1)], (int)offset);
                throw new IOException(failing == FaultKind.DiskFull ? "No space left on device." : "Input/output error.");
            }
            Put(bytes, (int)offset);
        }

        public void Truncate(long length)
        {
            disk.Operate();
            Remember((int)length, _content.Count - (int)length);
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
            Settle();
        }

        /// <summary>What was not synced is there, or lost, or each sector of it and the new length is there or not.</summary>
        public void Crash()
        {
            if (!_isDirty)
                return;
            int fate = disk.Draw(3);
            if (fate == 1 && disk.Allows(FaultKind.TornWrite))
            {
                disk.Count(FaultKind.TornWrite);
                Replace(Tear([.. _content], Durable()));
            }
            else if (fate == 2 && disk.Allows(FaultKind.UnsyncedLost))
            {
                disk.Count(FaultKind.UnsyncedLost);
                Replace(Durable());
            }
            Settle();
        }

        public void Rot()
        {
            if (_content.Count == 0)
                return;
            disk.Count(FaultKind.BitRot);
            _content[disk.Draw(_content.Count)] ^= (byte)(1 << disk.Draw(8));
        }

        public void Dispose()
        {
        }

        private void Settle()
        {
            _overwritten.Clear();
            _durableLength = _content.Count;
            _isDirty = false;
        }

        private void Replace(byte[] content)
        {
            _content.Clear();
            _content.AddRange(content);
        }

        /// <summary>The content as of the last sync.</summary>
        private byte[] Durable()
        {
            byte[] bytes = new byte[Math.Max(_content.Count, _durableLength)];
            _content.CopyTo(bytes);
            foreach ((int offset, byte[] before) in _overwritten)
                before.CopyTo(bytes, offset);
            return bytes[.._durableLength];
        }

        private byte[] Tear(byte[] written, byte[] before)
        {
            int length = Math.Min(before.Length, written.Length)
                + disk.Draw(Math.Abs(written.Length - before.Length) + 1);
            byte[] torn = new byte[length];
            before.AsSpan(0, Math.Min(length, before.Length)).CopyTo(torn);
            for (int at = 0; at < length; at += SectorBytes)
            {
                int size = Math.Min(SectorBytes, Math.Min(length, written.Length) - at);
                if (size > 0 && disk.Draw(2) == 0)
                    written.AsSpan(at, size).CopyTo(torn.AsSpan(at));
            }
            return torn;
        }

        /// <summary>Keeps what was durable at some bytes before they change.</summary>
        private void Remember(int offset, int length)
        {
            _isDirty = true;
            int known = Math.Min(length, _durableLength - offset);
            if (known > 0)
                _overwritten.Push((offset, CollectionsMarshal.AsSpan(_content).Slice(offset, known).ToArray()));
        }

        private void Put(ReadOnlySpan<byte> bytes, int offset)
        {
            Remember(offset, Math.Min(bytes.Length, _content.Count - offset));
            int end = offset + bytes.Length;
            if (end > _content.Count)
                CollectionsMarshal.SetCount(_content, end);
            bytes.CopyTo(CollectionsMarshal.AsSpan(_content)[offset..]);
        }
    }
}
