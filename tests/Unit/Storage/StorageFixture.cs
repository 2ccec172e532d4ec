using GovChain.Core.Cryptography;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>A directory of its own for each test, removed afterwards.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class StorageFixture : IDisposable
{
    protected static readonly Digest Chain = Sha256.Hash("a ledger"u8);
    protected static readonly Digest OtherChain = Sha256.Hash("another ledger"u8);

    protected string Root { get; } = Directory.CreateTempSubdirectory("govchain-storage-").FullName;

    protected string DirectoryPath => Path.Combine(Root, "node");

    public void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected static StorageException Refused(StorageError error, Action action)
    {
        StorageException refusal = Assert.Throws<StorageException>(() => action())!;
        Assert.That(refusal.Error, Is.EqualTo(error), refusal.Message);
        return refusal;
    }

    protected static void Flip(string file, long offset, byte mask = 1)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = offset;
        int value = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(value ^ mask));
    }

    protected static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}
