using GovChain.Node.Commands;
using GovChain.Node.Devnet;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>Damages the files of a node that is down.</summary>
internal sealed class DataDamage(DevnetLayout layout)
{
    /// <summary>Does it; says what exactly.</summary>
    public string Apply(FaultKind kind, DevnetDepartment department, int amount)
    {
        string data = layout.At(department.Id, "data");
        switch (kind)
        {
            case FaultKind.JournalBitFlipped:
                return FlipBit(Path.Combine(data, "votes"), amount);
            case FaultKind.JournalTruncated:
                return Truncate(Path.Combine(data, "votes"), amount);
            case FaultKind.DataWiped:
                Directory.Delete(data, recursive: true);
                return "data removed";
            case FaultKind.DataPutBack:
                Directory.Delete(data, recursive: true);
                CopyDirectory(CopyOf(department), data);
                return "data of the first copy put back";
            case FaultKind.MachineReplaced:
                return Replace(department);
            default:
                throw new ArgumentException($"{kind} damages no data.", nameof(kind));
        }
    }

    /// <summary>Keeps the data as they are now, for <see cref="FaultKind.DataPutBack"/>.</summary>
    public void Copy(DevnetDepartment department) => CopyDirectory(layout.At(department.Id, "data"), CopyOf(department));

    /// <summary>Has the node's own repair put right what a start refuses.</summary>
    public async Task<string> RepairAsync(DevnetDepartment department)
    {
        ProgramRun run = await ProgramRun.GovchainAsync(
            "node", "repair", "--config", layout.At(department.Id, "node.json"), "--yes", "--json");
        return run.ExitCode == ExitCode.Ok ? "repaired" : throw new InvalidOperationException(
            $"The repair of {department.Id} ended with {run.ExitCode}: {run.Error}{run.Output}");
    }

    private string CopyOf(DevnetDepartment department) => layout.At("copies", department.Id);

    private static string FlipBit(string path, int amount)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        if (file.Length == 0)
            return "the journal is empty";
        long at = amount / 8 % file.Length;
        file.Position = at;
        int found = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(found ^ (1 << (amount % 8))));
        return $"bit {amount % 8} of byte {at} of {file.Length}";
    }

    private static string Truncate(string path, int amount)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write);
        long length = file.Length, left = amount % (length + 1);
        file.SetLength(left);
        return $"cut from {length} to {left} bytes";
    }

    /// <summary>Everything but keys, passphrase and configuration is gone.</summary>
    private string Replace(DevnetDepartment department)
    {
        string home = layout.At(department.Id);
        foreach (string directory in Directory.EnumerateDirectories(home))
            Directory.Delete(directory, recursive: true);
        int kept = 0;
        foreach (string file in Directory.EnumerateFiles(home))
        {
            if (Path.GetExtension(file) is ".pem" or ".json" || Path.GetFileName(file) is "passphrase" or "node.log")
                kept++;
            else
                File.Delete(file);
        }
        return $"a machine with {kept} files of keys and configuration";
    }

    private static void CopyDirectory(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}
