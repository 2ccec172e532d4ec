using GovChain.Client.Import;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Tests.Unit.Execution;

namespace GovChain.Tests.Faults;

/// <summary>
/// What a clerk's programs keep: a key file, and the memory of an import, each signing synced before its envelope would be
/// sent. It goes on from whatever it finds.
/// </summary>
internal sealed class ClientWorkload(string path, Action<string> acknowledge)
{
    /// <summary>Events of the import.</summary>
    public const int Events = 4;

    /// <summary>Few, for nobody guesses at this key.</summary>
    private const int Rounds = 1_000;

    public static string KeyOf(string path) => Path.Combine(path, "keys", "clerk.pem");

    public static Passphrase NewPassphrase() => new("a clerk's own words");

    /// <summary>Opens the import's memory, or begins it.</summary>
    public static ImportState OpenMemory(string path) => ImportState.Open(
        Path.Combine(path, "imports", "register.state"), new Digest(), "licence", new Digest(), new TestKey(7).Public);

    /// <summary>Writes what is not there yet.</summary>
    /// <exception cref="KeyFileException">The key file could not be written.</exception>
    /// <exception cref="ImportFileException">The memory could not be opened or written.</exception>
    public void Run()
    {
        try
        {
            WriteKey();
            acknowledge("key 1");
            using ImportState memory = OpenMemory(path);
            if (!memory.HasBase)
                memory.SetBase([new ImportBase("R-0", 3, true)]);
            acknowledge("base 1");
            for (int i = memory.Results.Count; i < Events; i++)
            {
                memory.Add(new ImportAttempt(i, memory.AttemptsOf(i).Count, 1_000));
                memory.Sync();
                acknowledge($"attempt {i}");
                memory.Add(new ImportResult(i, null, 0, "DUPLICATE", "as it must be"));
            }
        }
        catch (IOException e)
        {
            throw new ImportFileException(path, 0, e.Message);
        }
    }

    /// <summary>An empty file is what a crash leaves of one (see <see cref="KeyFile.Create(string, PlatformSigner, Passphrase)"/>).</summary>
    private void WriteKey()
    {
        string file = KeyOf(path);
        if (File.Exists(file) && new FileInfo(file).Length > 0)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.Delete(file);
        using var signer = PlatformSigner.Create();
        using Passphrase passphrase = NewPassphrase();
        KeyFile.Create(file, signer, passphrase, Rounds);
    }
}
