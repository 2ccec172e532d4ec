using System.IO.Hashing;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using Microsoft.Win32.SafeHandles;

namespace GovChain.Storage;

/// <summary>A slot of the tip's file.</summary>
/// <param name="Offset">Where it begins, in bytes.</param>
/// <param name="IsReadable">Its checksum is right, and it is of this ledger.</param>
/// <param name="Tip">What it holds; null for no block yet.</param>
/// <param name="Problem">Why it is not readable.</param>
internal readonly record struct TipSlot(int Offset, bool IsReadable, DurableTip? Tip, string Problem);

/// <summary>
/// The durable tip, outside RocksDB so that a ledger which lost blocks is noticed. Two slots in separate pages are
/// written in turn (the slot is the height's parity), so that a torn write leaves the tip before.
/// </summary>
/// <remarks>Not thread-safe: the thread that appends owns it. docs/SPEC.md, "Tip".</remarks>
internal sealed class TipFile : IDisposable
{
    private const int SlotStride = 4096;
    private const int SlotSize = 8 + 2 + 32 + 8 + 32 + 8;
    private const ushort FormatVersion = 1;

    private readonly SafeFileHandle _file;
    private readonly Digest _chainId;

    private TipFile(string path, SafeFileHandle file, Digest chainId)
    {
        Location = path;
        _file = file;
        _chainId = chainId;
    }

    private static ReadOnlySpan<byte> Magic => "GOVCTIP\0"u8;

    public string Location { get; }

    /// <summary>Null until a first tip was written.</summary>
    public DurableTip? Current { get; private set; }

    /// <summary>Makes a file that knows of no block yet.</summary>
    public static TipFile Create(string path, Digest chainId)
    {
        Replace(path, chainId, null);
        return Open(path, chainId, readOnly: false);
    }

    /// <summary>Writes a file anew, whatever stands there; both slots say the same.</summary>
    public static void Replace(string path, Digest chainId, DurableTip? tip)
    {
        byte[] content = new byte[2 * SlotStride];
        WriteSlot(content, chainId, tip);
        content.AsSpan(0, SlotSize).CopyTo(content.AsSpan(SlotStride));
        DurableFiles.Replace(path, content);
    }

    /// <summary>Opens an existing file.</summary>
    /// <exception cref="StorageException">No slot is readable, or the tip is another ledger's.</exception>
    public static TipFile Open(string path, Digest chainId, bool readOnly)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, readOnly ? FileAccess.Read : FileAccess.ReadWrite,
            FileShare.ReadWrite);
        try
        {
            var tip = new TipFile(path, file, chainId);
            tip.Load();
            return tip;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes and syncs.</summary>
    public void Write(DurableTip tip)
    {
        Span<byte> slot = stackalloc byte[SlotSize];
        WriteSlot(slot, _chainId, tip);
        RandomAccess.Write(_file, slot, (long)(tip.Height & 1) * SlotStride);
        DurableFiles.Sync(_file);
        Current = tip;
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Both slots as they are, for an audit; nothing is chosen and nothing refused.</summary>
    public static TipSlot[] Inspect(string path, Digest chainId)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] content = new byte[2 * SlotStride];
        int length = RandomAccess.Read(file, content, 0);
        var slots = new TipSlot[2];
        using var reader = new TipFile(path, file, chainId);
        for (int i = 0; i < slots.Length; i++)
        {
            try
            {
                DurableTip? tip = null;
                bool readable = length >= i * SlotStride + SlotSize
                    && reader.TryReadSlot(content.AsSpan(i * SlotStride, SlotSize), out tip);
                slots[i] = new TipSlot(i * SlotStride, readable, tip, readable ? "" : "its checksum is of other bytes, or it is cut off");
            }
            catch (StorageException e)
            {
                slots[i] = new TipSlot(i * SlotStride, false, null, e.What);
            }
        }
        return slots;
    }

    private void Load()
    {
        byte[] content = new byte[2 * SlotStride];
        int length = RandomAccess.Read(_file, content, 0);
        bool any = false;
        for (int i = 0; i < 2 && length >= i * SlotStride + SlotSize; i++)
        {
            if (!TryReadSlot(content.AsSpan(i * SlotStride, SlotSize), out DurableTip? tip))
                continue;
            any = true;
            if (tip is { } found && (Current is not { } best || found.Height > best.Height))
                Current = found;
        }
        if (!any)
            throw StorageException.Damaged(Location, "Neither of the tip's two slots is readable.");
    }

    private static void WriteSlot(Span<byte> slot, Digest chainId, DurableTip? tip)
    {
        var w = new BigEndianWriter(slot);
        w.Bytes(Magic);
        w.U16(FormatVersion);
        w.Digest(chainId);
        // Height + 1, so that zero stands for "no block yet".
        w.U64(tip is { } t ? t.Height + 1 : 0);
        w.Digest(tip?.HeaderHash ?? Digest.Zero);
        w.U64(XxHash64.HashToUInt64(slot[..w.Written]));
    }

    private bool TryReadSlot(ReadOnlySpan<byte> slot, out DurableTip? tip)
    {
        tip = null;
        var r = new BigEndianReader(slot);
        bool magic = r.Take(Magic.Length).SequenceEqual(Magic);
        ushort version = r.U16();
        Digest chainId = r.Digest();
        ulong next = r.U64();
        Digest hash = r.Digest();
        if (!magic || r.U64() != XxHash64.HashToUInt64(slot[..(SlotSize - 8)]))
            return false;
        if (version != FormatVersion)
        {
            throw new StorageException(StorageError.NewerFormat, Location,
                $"The tip has format {version}; this program knows format {FormatVersion}.",
                "Run the newer program that wrote it.");
        }
        if (chainId != _chainId)
        {
            throw new StorageException(StorageError.ForeignChain, Location,
                $"The tip is of the ledger {chainId}, the directory of {_chainId}.",
                "Restore the directory whole, from one backup.");
        }
        tip = next == 0 ? null : new DurableTip(next - 1, hash);
        return true;
    }
}
