using System.Text;
using GovChain.Client.Keys;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Keys;

/// <summary>Goal: the passphrase comes from one clear source, is never empty, and its absence is explained.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PassphraseTest : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly List<string> _prompts = [];

    public void Dispose() => _directory.Dispose();

    [Test]
    public void Resolve_AllSources_FileBeforeEnvironmentBeforeTerminal()
    {
        string file = _directory.Write("pass", "from file\n"u8.ToArray());
        Assert.That(Resolve(file, "from environment", "typed"), Is.EqualTo("from file"));
        Assert.That(Resolve(null, "from environment", "typed"), Is.EqualTo("from environment"));
        Assert.That(_prompts, Is.Empty);
        Assert.That(Resolve(null, null, "typed"), Is.EqualTo("typed"));
        Assert.That(_prompts, Has.Count.EqualTo(1));
    }

    [Test]
    public void Resolve_NoSourceAndNoTerminal_NamesBothSources()
    {
        string message = Fails(KeyFileError.PassphraseMissing, () => Passphrase.Resolve(null, false, null, null));
        Assert.That(message, Does.Contain("--passphrase-file").And.Contain("GOVCHAIN_PASSPHRASE"));
    }

    [Test]
    public void Resolve_CreatingAtTheTerminal_AsksTwice()
    {
        using Passphrase passphrase = Passphrase.Resolve(null, true, null, Typing("a b c", "a b c"));
        Assert.That(passphrase.Span.ToString(), Is.EqualTo("a b c"));
        Assert.That(_prompts, Has.Count.EqualTo(2));
    }

    [Test]
    public void Resolve_TypedDifferently_IsRefused() =>
        Fails(
            KeyFileError.PassphraseMismatch,
            () => Passphrase.Resolve(null, true, null, Typing("a b c", "a b d")));

    [Test]
    public void Resolve_Empty_IsRefusedFromEverySource()
    {
        string file = _directory.Write("pass", "\nsecond line\n"u8.ToArray());
        Fails(KeyFileError.PassphraseUnusable, () => Passphrase.Resolve(file, true, null, null));
        Fails(KeyFileError.PassphraseUnusable, () => Passphrase.Resolve(null, true, "", null));
        Fails(KeyFileError.PassphraseUnusable, () => Passphrase.Resolve(null, true, null, Typing("", "")));
        Assert.That(_prompts, Has.Count.EqualTo(1));
    }

    [TestCase("words", "words")]
    [TestCase("words\n", "words")]
    [TestCase("words\r\n", "words")]
    [TestCase(" two  words \nmore\n", " two  words ")]
    [TestCase("stäple 漢字\n", "stäple 漢字")]
    public void Resolve_File_TakesItsFirstLineAsItIs(string content, string expected)
    {
        string file = _directory.Write("pass", Encoding.UTF8.GetBytes(content));
        Assert.That(Resolve(file, null, null), Is.EqualTo(expected));
    }

    [Test]
    public void Resolve_FileThatCannotBeUsed_SaysWhy()
    {
        Fails(KeyFileError.Missing, () => Passphrase.Resolve(_directory["none"], false, "env", null));
        string large = _directory.Write("large", new byte[Passphrase.FileBytesMax + 1]);
        Fails(KeyFileError.TooLarge, () => Passphrase.Resolve(large, false, null, null));
        string binary = _directory.Write("binary", [0x61, 0xff, 0xfe]);
        Fails(KeyFileError.PassphraseUnusable, () => Passphrase.Resolve(binary, false, null, null));
    }

    [Test]
    [Platform(Exclude = "Win")]
    public void Resolve_FileOthersMayRead_SaysChmod600()
    {
        string file = _directory.Write(
            "pass", "words\n"u8.ToArray(),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        string message = Fails(
            KeyFileError.PermissionsTooOpen, () => Passphrase.Resolve(file, false, null, null));
        Assert.That(message, Does.Contain($"chmod 600 '{file}'"));
    }

    [Test]
    [Platform(Exclude = "Win")]
    [NonParallelizable]
    public void Resolve_CredentialOfTheServiceManager_MayShowTheMaskOfItsAccessList()
    {
        const UnixFileMode Mask = UnixFileMode.UserRead | UnixFileMode.GroupRead;
        string file = _directory.Write("pass", "words\n"u8.ToArray(), Mask);
        string open = _directory.Write("open", "words\n"u8.ToArray(), Mask | UnixFileMode.OtherRead);
        Fails(KeyFileError.PermissionsTooOpen, () => Passphrase.Resolve(file, false, null, null));
        Environment.SetEnvironmentVariable("CREDENTIALS_DIRECTORY", Path.GetDirectoryName(file));
        try
        {
            Assert.That(Resolve(file, null, null), Is.EqualTo("words"));
            Fails(KeyFileError.PermissionsTooOpen, () => Passphrase.Resolve(open, false, null, null));
        }
        finally
        {
            Environment.SetEnvironmentVariable("CREDENTIALS_DIRECTORY", null);
        }
    }

    [Test]
    public void New_NotText_IsRefused()
    {
        // Not test cases: attributes cannot carry half of a character.
        foreach (string text in (string[])["a\0b", "half \ud83d", "\ude00 half"])
            Fails(KeyFileError.PassphraseUnusable, () => new Passphrase(text).Dispose());
    }

    [Test]
    public void New_LongerThanTheBound_IsRefused()
    {
        using Passphrase longest = new(new string('x', Passphrase.CharsMax));
        Fails(
            KeyFileError.PassphraseUnusable,
            () => new Passphrase(new string('x', Passphrase.CharsMax + 1)).Dispose());
    }

    [Test]
    public void Span_AfterDispose_Throws()
    {
        Passphrase passphrase = new("words");
        passphrase.Dispose();
        Assert.That(() => passphrase.Span.Length, Throws.InstanceOf<ObjectDisposedException>());
    }

    private string Resolve(string? file, string? environment, string? typed)
    {
        using Passphrase passphrase = Passphrase.Resolve(
            file, false, environment, typed is null ? null : Typing(typed));
        return passphrase.Span.ToString();
    }

    private Func<string, char[]> Typing(params string[] answers)
    {
        Queue<string> queue = new(answers);
        return prompt =>
        {
            _prompts.Add(prompt);
            return queue.Dequeue().ToCharArray();
        };
    }

    private static string Fails(KeyFileError expected, Action action)
    {
        KeyFileException e = Assert.Throws<KeyFileException>(action)!;
        Assert.That(e.Error, Is.EqualTo(expected), e.Message);
        return e.Message;
    }
}
