namespace GovChain.Tests.Unit.Keys;

/// <summary>A directory of one test's own, removed with everything in it.</summary>
internal sealed class TempDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("govchain-keys-");

    public string this[string name] => Path.Combine(_directory.FullName, name);

    public string[] Names => [.. _directory.EnumerateFileSystemInfos().Select(f => f.Name)];

    /// <summary>Writes a file with the mode given, 0600 unless told.</summary>
    public string Write(
        string name, byte[] content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        File.WriteAllBytes(this[name], content);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(this[name], mode);
        return this[name];
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
