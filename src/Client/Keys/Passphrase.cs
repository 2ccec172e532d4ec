using System.Security.Cryptography;
using System.Text;

namespace GovChain.Client.Keys;

/// <summary>The passphrase of a key file or the PIN of a token, wiped from memory on disposal.</summary>
/// <remarks>Never taken from the command line, where every user of the machine and its logs could see it.</remarks>
public sealed class Passphrase : IDisposable
{
    /// <summary>The environment variable that may hold it.</summary>
    public const string EnvironmentVariable = "GOVCHAIN_PASSPHRASE";

    /// <summary>Longest passphrase, in UTF-16 units.</summary>
    public const int CharsMax = 1024;

    /// <summary>Largest passphrase file, in bytes; only its first line counts.</summary>
    public const int FileBytesMax = 4096;

    private readonly char[] _text;
    private bool _disposed;

    /// <summary>Copies the text.</summary>
    /// <exception cref="KeyFileException">Empty, longer than <see cref="CharsMax"/> or not text.</exception>
    public Passphrase(ReadOnlySpan<char> text) : this(text, "The passphrase")
    {
    }

    private Passphrase(ReadOnlySpan<char> text, string name)
    {
        Name = name;
        if (text.IsEmpty)
            throw Unusable("The passphrase is empty. Choose one of several words.");
        if (text.Length > CharsMax)
            throw Unusable($"The passphrase is longer than {CharsMax} characters. Choose a shorter one.");
        if (!IsText(text))
            throw Unusable("The passphrase is not text. Use characters that can be typed.");
        _text = text.ToArray();
    }

    /// <summary>The text, one character or more.</summary>
    /// <exception cref="ObjectDisposedException">It has been wiped.</exception>
    public ReadOnlySpan<char> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _text;
        }
    }

    /// <summary>What it is called where it does not fit: with its source, but for one that was typed.</summary>
    internal string Name { get; }

    /// <summary>
    /// Takes the passphrase from the first source there is: the file, the environment variable, the terminal
    /// (without echo, and twice if a key is to be made).
    /// </summary>
    /// <param name="file">The file named by --passphrase-file, read up to its first line end; or null.</param>
    /// <param name="creating">Whether it will protect a new key.</param>
    /// <exception cref="KeyFileException">No source, a source that cannot be used, or typed differently.</exception>
    public static Passphrase Resolve(string? file, bool creating) => Resolve(
        file,
        creating,
        Environment.GetEnvironmentVariable(EnvironmentVariable),
        Console.IsInputRedirected ? null : Terminal.ReadHidden);

    /// <summary>Takes the PIN of a token from where a passphrase would come from: the file, the environment variable, the terminal.
    /// </summary>
    /// <param name="file">The file named by --passphrase-file or the key's URI, read up to its first line end; or null.</param>
    /// <param name="token">What the terminal's prompt calls the token.</param>
    /// <exception cref="KeyFileException">No source, or one that cannot be used.</exception>
    public static Passphrase ResolvePin(string? file, string token) => Resolve(
        file,
        creating: false,
        Environment.GetEnvironmentVariable(EnvironmentVariable),
        Console.IsInputRedirected ? null : _ => Terminal.ReadHidden($"PIN of the token \"{token}\": "));

    /// <summary>As the public method, with the environment variable's value and the terminal given.</summary>
    /// <param name="file">As above.</param>
    /// <param name="creating">As above.</param>
    /// <param name="environment">The variable's value; null if it is not set.</param>
    /// <param name="ask">Shows a prompt, returns what is typed, to be wiped here; null without a terminal.</param>
    internal static Passphrase Resolve(
        string? file, bool creating, string? environment, Func<string, char[]>? ask)
    {
        if (file is not null)
            return FromFile(file);
        if (environment is not null)
            return new Passphrase(environment, $"The passphrase in {EnvironmentVariable}");
        if (ask is null)
            throw new KeyFileException(
                KeyFileError.PassphraseMissing,
                $"A passphrase or PIN is needed and there is no terminal to ask at. Give --passphrase-file FILE or set"
                + $" {EnvironmentVariable}.");
        return creating ? AskTwice(ask) : AskOnce(ask, "Passphrase: ");
    }

    /// <summary>Wipes the text.</summary>
    public void Dispose()
    {
        _disposed = true;
        Array.Clear(_text);
    }

    private static Passphrase AskOnce(Func<string, char[]> ask, string prompt)
    {
        char[] typed = ask(prompt);
        try
        {
            return new Passphrase(typed);
        }
        finally
        {
            Array.Clear(typed);
        }
    }

    private static Passphrase AskTwice(Func<string, char[]> ask)
    {
        Passphrase first = AskOnce(ask, "New passphrase: ");
        char[] again = ask("The same again: ");
        bool same = first.Span.SequenceEqual(again);
        Array.Clear(again);
        if (same)
            return first;
        first.Dispose();
        throw new KeyFileException(
            KeyFileError.PassphraseMismatch, "The two passphrases differ. Nothing was written; start again.");
    }

    private static Passphrase FromFile(string path)
    {
        byte[] bytes = SecretFile.Read(path, FileBytesMax, "passphrase file");
        char[] chars = new char[FileBytesMax];
        try
        {
            ReadOnlySpan<byte> line = bytes;
            int end = line.IndexOf((byte)'\n');
            line = end < 0 ? line : line[..end];
            if (line.EndsWith("\r"u8))
                line = line[..^1];
            int length = new UTF8Encoding(false, throwOnInvalidBytes: true).GetChars(line, chars);
            return new Passphrase(chars.AsSpan(0, length), $"The passphrase in '{path}'");
        }
        catch (ArgumentException)
        {
            throw Unusable($"The first line of '{path}' is not UTF-8 text. Write the passphrase as plain text.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(chars);
        }
    }

    // A zero ends the passphrase for tools written in C, and half of a surrogate pair has no bytes in UTF-8.
    private static bool IsText(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out Rune rune, out int length) != System.Buffers.OperationStatus.Done
                || rune.Value == 0)
                return false;
            text = text[length..];
        }
        return true;
    }

    private static KeyFileException Unusable(string message) => new(KeyFileError.PassphraseUnusable, message);
}
